package dev.sluice.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Events that one caller wants kept, and whom to tell when they are. */
final class Append {

    private final List<UsageEvent> events = new ArrayList<>();
    private final List<byte[]> frames = new ArrayList<>();
    private final List<UsageEvent> oversized = new ArrayList<>();
    private final boolean refusable;
    private final int bytes;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** @param refusable whether the caller takes no for an answer */
    Append(List<UsageEvent> events, boolean refusable) {
        this.refusable = refusable;
        for (UsageEvent event : events) {
            byte[] frame = Frames.of(event);
            if (frame == null) {
                oversized.add(event);
            } else {
                this.events.add(event);
                frames.add(frame);
            }
        }
        bytes = frames.stream().mapToInt(frame -> frame.length).sum();
    }

    List<byte[]> frames() {
        return frames;
    }

    /** Bytes of all frames. */
    int bytes() {
        return bytes;
    }

    boolean isRefusable() {
        return refusable;
    }

    /** The events that are not kept if the first {@code kept} frames are. */
    List<UsageEvent> without(int kept) {
        List<UsageEvent> left = new ArrayList<>(oversized);
        left.addAll(events.subList(kept, events.size()));
        return left;
    }

    CompletableFuture<Void> done() {
        return done;
    }
}
