package dev.sluice.testkit.supabase;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The {@code Upload-Metadata} header (tus 1.0.0, creation): names and Base64 values, in the client's order. */
record TusMetadata(Map<String, String> values) {

    static TusMetadata of(@Nullable String header) {
        if (header == null) {
            throw TusRefusal.of(400, "Metadata header is required");
        }
        Map<String, String> values = new LinkedHashMap<>();
        for (String pair : header.split(",", -1)) {
            String[] parts = pair.trim().split(" ", -1);
            if (parts.length > 2 || parts[0].isEmpty() || values.containsKey(parts[0])) {
                throw TusRefusal.metadata();
            }
            values.put(parts[0], parts.length < 2 ? "" : decoded(parts[1]));
        }
        return new TusMetadata(values);
    }

    private static String decoded(String base64) {
        try {
            return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notBase64) {
            throw TusRefusal.metadata();
        }
    }

    String text(String name) {
        return values.getOrDefault(name, "");
    }

    /** The same with seconds of {@code cacheControl} written out, or {@code no-cache}, as the server keeps it. */
    TusMetadata withCacheControl() {
        Map<String, String> changed = new LinkedHashMap<>(values);
        String seconds = text("cacheControl");
        changed.put("cacheControl", seconds.matches("-?\\d+") ? "max-age=" + seconds : "no-cache");
        return new TusMetadata(changed);
    }

    String header() {
        return values.entrySet().stream()
                .map(entry -> entry.getKey() + " "
                        + Base64.getEncoder().encodeToString(entry.getValue().getBytes(StandardCharsets.UTF_8)))
                .collect(Collectors.joining(","));
    }
}
