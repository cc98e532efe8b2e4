package dev.sluice.deadlines;

import dev.sluice.testkit.Numbers;
import java.time.Duration;
import java.util.Map;

/**
 * One measurement.
 *
 * @param rounds in each of which all conditions are measured
 * @param rate requests per second, the same all the time
 * @param condition how long each condition is measured in a round; the time until the circuit opens is as long as it is
 * @param redisTimeout of Sluice, its default unless told otherwise
 */
record DeadlinesPlan(int rounds, int rate, Duration condition, Duration redisTimeout) {

    private static final String USAGE = """
            usage: bench/deadlines [--rounds N] [--rate N] [--seconds N] [--redis-timeout MILLISECONDS]
            defaults: 7 rounds, 80 requests per second, 5 seconds for each condition, 100 ms""";

    DeadlinesPlan {
        if (rounds < 1 || rate < 1 || condition.isZero() || redisTimeout.isZero()) {
            throw new IllegalArgumentException(USAGE);
        }
    }

    /** @throws IllegalArgumentException with the usage, if an argument is unknown or no positive number */
    static DeadlinesPlan of(String... arguments) {
        Map<String, Long> defaults = Map.of("--rounds", 7L, "--rate", 80L, "--seconds", 5L, "--redis-timeout", 100L);
        Numbers numbers = Numbers.parse(USAGE, defaults, arguments);
        return new DeadlinesPlan(
                (int) numbers.get("--rounds"),
                (int) numbers.get("--rate"),
                Duration.ofSeconds(numbers.get("--seconds")),
                Duration.ofMillis(numbers.get("--redis-timeout")));
    }
}
