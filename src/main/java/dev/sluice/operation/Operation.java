package dev.sluice.operation;

import java.util.List;

/**
 * Something that is limited, such as {@code signed-url}, with the rates that hold for it.
 *
 * @param name as routes, headers and metrics call it
 * @param memory the limit of one instance, enforced in the process
 * @param redis the limits over all instances, at least one, each with a window of its own, shortest window first
 */
public record Operation(String name, Rate memory, List<Rate> redis) {

    public Operation {
        redis = List.copyOf(redis);
    }
}
