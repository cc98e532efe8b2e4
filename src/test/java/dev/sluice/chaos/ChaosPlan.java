package dev.sluice.chaos;

import dev.sluice.testkit.Numbers;
import java.time.Duration;
import java.util.Map;

/**
 * One rehearsal.
 *
 * @param seed decides which faults come, when, and for how long
 * @param load how long clients ask
 * @param instances of Sluice
 * @param clients that ask at the same time
 * @param users whose usage it is; every third one has a quota that is soon spent
 * @param answers requests that are answered with success at least: clients ask on until then, since a machine can be slow
 */
record ChaosPlan(long seed, Duration load, int instances, int clients, int users, int answers) {

    private static final String USAGE = """
            usage: bench/chaos [--seed N] [--seconds N] [--instances N] [--clients N] [--users N]
            defaults: a random seed, 180 seconds, 3 instances, 16 clients, 24 users""";

    /** @throws IllegalArgumentException with the usage, if an argument is unknown or no number */
    static ChaosPlan of(String... arguments) {
        Map<String, Long> defaults = Map.of(
                "--seed",
                System.nanoTime() % 1_000_000,
                "--seconds",
                180L,
                "--instances",
                3L,
                "--clients",
                16L,
                "--users",
                24L);
        Numbers numbers = Numbers.parse(USAGE, defaults, arguments);
        return new ChaosPlan(
                numbers.get("--seed"),
                Duration.ofSeconds(numbers.get("--seconds")),
                (int) numbers.get("--instances"),
                (int) numbers.get("--clients"),
                (int) numbers.get("--users"),
                0);
    }
}
