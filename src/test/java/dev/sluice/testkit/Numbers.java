package dev.sluice.testkit;

import java.util.Map;
import java.util.TreeMap;

/** The arguments of a program of the test sources: pairs of a name and a number. */
public final class Numbers {

    private final Map<String, Long> byName;

    private Numbers(Map<String, Long> byName) {
        this.byName = byName;
    }

    /**
     * Reads arguments such as {@code --seed 7}.
     *
     * @param usage the message of the exception
     * @throws IllegalArgumentException if a name is not among the defaults or its value is no number from 0 to 999,999,999
     */
    public static Numbers parse(String usage, Map<String, Long> defaults, String... arguments) {
        Map<String, Long> byName = new TreeMap<>(defaults);
        if (arguments.length % 2 != 0) {
            throw new IllegalArgumentException(usage);
        }
        for (int i = 0; i < arguments.length; i += 2) {
            if (!byName.containsKey(arguments[i]) || !arguments[i + 1].matches("\\d{1,9}")) {
                throw new IllegalArgumentException(usage);
            }
            byName.put(arguments[i], Long.parseLong(arguments[i + 1]));
        }
        return new Numbers(byName);
    }

    public long get(String name) {
        return byName.getOrDefault(name, 0L);
    }
}
