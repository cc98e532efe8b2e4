package dev.sluice.operation;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * Something that is limited, such as {@code signed-url}, with the rates that hold for it.
 *
 * @param name as routes, headers and metrics call it
 * @param memory the limit of one instance, enforced in the process
 * @param redis the limits over all instances, at least one, each with a window of its own, shortest window first
 * @param maxSize the most bytes that one request may store; null for no limit of its own
 */
public record Operation(
        String name,
        Rate memory,
        List<Rate> redis,
        @Nullable DataSize maxSize) {

    public Operation {
        redis = List.copyOf(redis);
    }
}
