package dev.sluice.bench;

import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/**
 * What was asked of the stand-in since its start.
 *
 * @param calls of the database's functions
 * @param applyCalls of these, to {@code apply_usage}
 * @param events in those
 * @param uploads and all other requests to storage
 * @param uploadedBytes in their bodies
 */
record StandInCounts(long calls, long applyCalls, long events, long uploads, long uploadedBytes) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    byte[] json() {
        return JSON.writeValueAsString(this).getBytes(StandardCharsets.UTF_8);
    }

    static StandInCounts read(String json) {
        return JSON.readValue(json, StandInCounts.class);
    }

    StandInCounts since(StandInCounts earlier) {
        return new StandInCounts(
                calls - earlier.calls,
                applyCalls - earlier.applyCalls,
                events - earlier.events,
                uploads - earlier.uploads,
                uploadedBytes - earlier.uploadedBytes);
    }
}
