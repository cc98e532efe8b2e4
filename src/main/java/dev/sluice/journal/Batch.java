package dev.sluice.journal;

import java.util.List;

/** Some of the events that wait in the journal, oldest first; they wait until the batch is confirmed. */
public final class Batch {

    private final Segment segment;
    private final List<UsageEvent> events;
    private final int frames;
    private final long end;

    /**
     * @param frames how many frames were read; more than events if some could not be understood
     * @param end where in the segment the last of them ends, in bytes
     */
    Batch(Segment segment, List<UsageEvent> events, int frames, long end) {
        this.segment = segment;
        this.events = events;
        this.frames = frames;
        this.end = end;
    }

    public List<UsageEvent> events() {
        return events;
    }

    Segment segment() {
        return segment;
    }

    int frames() {
        return frames;
    }

    long end() {
        return end;
    }
}
