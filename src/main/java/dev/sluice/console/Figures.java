package dev.sluice.console;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Everything that one instance had counted at one moment. Immutable. */
final class Figures {

    static final Figures NOTHING = new Figures(new TreeMap<>());

    /** More than there are with some dozens of routes; what is past it is not told. */
    static final int MAX_SERIES = 400;

    /** A name and the values of its tags. */
    record Key(String name, List<String> tags) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byName = name.compareTo(other.name);
            return byName != 0 ? byName : tags.toString().compareTo(other.tags.toString());
        }
    }

    private final SortedMap<Key, List<Long>> counts;

    /** @param counts not changed any more */
    Figures(SortedMap<Key, List<Long>> counts) {
        this.counts = counts;
    }

    /** As series whose increase is what has been counted after {@code earlier}, at most {@value #MAX_SERIES}. */
    List<Series> since(Figures earlier) {
        return counts.entrySet().stream()
                .limit(MAX_SERIES)
                .map(entry -> new Series(
                        entry.getKey().name(),
                        entry.getKey().tags(),
                        entry.getValue(),
                        increase(entry.getValue(), earlier.counts.get(entry.getKey()))))
                .toList();
    }

    /** A meter that was begun anew has not counted less than nothing. */
    private static List<Long> increase(List<Long> now, @Nullable List<Long> before) {
        if (before == null || before.size() != now.size()) {
            return now;
        }
        List<Long> increase = new ArrayList<>(now.size());
        for (int i = 0; i < now.size(); i++) {
            increase.add(Math.max(0, now.get(i) - before.get(i)));
        }
        return increase;
    }
}
