package dev.sluice.deadlines;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The rounds, judged by their medians, as a person reads them. */
record DeadlinesReport(DeadlinesPlan plan, List<Round> rounds, Map<String, Integer> failures) {

    private static final double UNTIL_OPEN_LIMIT = 1;
    private static final double OPEN_LIMIT = 1.2;

    boolean isWithinDeadlines() {
        return failures.isEmpty() && untilOpen() <= UNTIL_OPEN_LIMIT && open() <= OPEN_LIMIT;
    }

    private double untilOpen() {
        return median(round -> round.untilOpenRatio(plan.redisTimeout()));
    }

    private double open() {
        return median(Round::openRatio);
    }

    private double median(ToDoubleFunction<Round> figure) {
        double[] ascending = rounds.stream().mapToDouble(figure).sorted().toArray();
        int middle = ascending.length / 2;
        return ascending.length % 2 == 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
    }

    @Override
    public String toString() {
        StringBuilder table = new StringBuilder("\n");
        table.append(String.format(
                "%d rounds, %d requests/s, Redis timeout %d ms; medians of the rounds%n%n",
                plan.rounds(), plan.rate(), plan.redisTimeout().toMillis()));
        table.append(String.format("%-46s%10s%10s%10s%13s%n", "", "requests", "p50 ms", "p99 ms", "worst p99"));
        for (Condition condition : Condition.values()) {
            table.append(String.format(
                    "%-46s%10d%10.1f%10.1f%13.1f%n",
                    condition.title(),
                    rounds.stream()
                            .mapToInt(round -> round.of(condition).count())
                            .sum(),
                    median(round -> millis(round.of(condition).quantile(0.5))),
                    median(round -> 1e3 * round.p99(condition)),
                    rounds.stream()
                            .mapToDouble(round -> 1e3 * round.p99(condition))
                            .max()
                            .orElse(0)));
        }
        table.append(String.format("%ncircuit open after %.0f ms%n", median(round -> millis(round.untilOpen()))));
        table.append(String.format(
                "p99 (c) / (2 x Redis timeout + p99 (b))   %.2f   at most %.2f%n", untilOpen(), UNTIL_OPEN_LIMIT));
        table.append(
                String.format("p99 (d) / p99 (b)                         %.2f   at most %.2f%n", open(), OPEN_LIMIT));
        failures.forEach((what, count) -> table.append("NOT ANSWERED WITH 200: ")
                .append(count)
                .append(" x ")
                .append(what)
                .append('\n'));
        return table.append(isWithinDeadlines() ? "\nPASS\n" : "\nFAIL\n").toString();
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }
}
