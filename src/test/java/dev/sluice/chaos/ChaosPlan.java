package dev.sluice.chaos;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * One rehearsal.
 *
 * @param seed decides which faults come, when, and for how long
 * @param load how long clients ask
 * @param instances of Sluice
 * @param clients that ask at the same time
 * @param users whose usage it is; every third one has a quota that is soon spent
 */
record ChaosPlan(long seed, Duration load, int instances, int clients, int users) {

    private static final String USAGE = """
            usage: bench/chaos [--seed N] [--seconds N] [--instances N] [--clients N] [--users N]
            defaults: a random seed, 180 seconds, 3 instances, 16 clients, 24 users""";

    /** @throws IllegalArgumentException with the usage, if an argument is unknown or no positive number */
    static ChaosPlan of(String... arguments) {
        Map<String, Long> numbers = new TreeMap<>(Map.of(
                "--seed",
                System.nanoTime() % 1_000_000,
                "--seconds",
                180L,
                "--instances",
                3L,
                "--clients",
                16L,
                "--users",
                24L));
        if (arguments.length % 2 != 0) {
            throw new IllegalArgumentException(USAGE);
        }
        for (int i = 0; i < arguments.length; i += 2) {
            if (!numbers.containsKey(arguments[i]) || !arguments[i + 1].matches("\\d{1,9}")) {
                throw new IllegalArgumentException(USAGE);
            }
            numbers.put(arguments[i], Long.parseLong(arguments[i + 1]));
        }
        return new ChaosPlan(
                number(numbers, "--seed"),
                Duration.ofSeconds(number(numbers, "--seconds")),
                (int) number(numbers, "--instances"),
                (int) number(numbers, "--clients"),
                (int) number(numbers, "--users"));
    }

    private static long number(Map<String, Long> numbers, String name) {
        return numbers.getOrDefault(name, 0L);
    }
}
