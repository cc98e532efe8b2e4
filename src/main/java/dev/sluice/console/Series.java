package dev.sluice.console;

import java.util.List;

/**
 * What was counted under one name and one set of tags: a single count, or one for each upper bound of a histogram, each of
 * which includes those below it, and last all.
 *
 * @param name Micrometer's, of a histogram with {@value #BUCKETS} after it
 * @param tags their values, in the order that belongs to the name
 * @param total since the instance started
 * @param increase of that in the instance's window
 */
record Series(String name, List<String> tags, List<Long> total, List<Long> increase) {

    static final String BUCKETS = ".buckets";

    Series {
        tags = List.copyOf(tags);
        total = List.copyOf(total);
        increase = List.copyOf(increase);
        if (total.size() != increase.size()) {
            throw new IllegalArgumentException("A series has a total and an increase for each of its counts");
        }
    }
}
