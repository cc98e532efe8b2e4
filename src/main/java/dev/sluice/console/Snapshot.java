package dev.sluice.console;

import dev.sluice.console.Figures.Key;
import dev.sluice.console.InstanceReport.RoutesInForce;
import dev.sluice.console.InstanceReports.Heard;
import dev.sluice.management.ReconcileRun;
import dev.sluice.routes.RouteOverview;
import dev.sluice.routes.RouteReload;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the cluster has counted and does, as the endpoint answers it.
 *
 * @param at epoch milliseconds, by the asked instance's clock
 * @param alone whether the others could not be heard, so that this is the asked instance's alone
 * @param instances the asked one first
 * @param bucketsMillis the upper bounds of every series with buckets; one more count follows, of all
 * @param series over all instances
 * @param runs the last reconciliations, newest first
 */
record Snapshot(
        long at,
        boolean alone,
        List<Instance> instances,
        List<Long> bucketsMillis,
        List<Sum> series,
        Usage usage,
        Routes routes,
        List<RunOf> runs) {

    private static final int RUNS = 20;

    /**
     * One instance.
     *
     * @param heardSecondsAgo 0 of the asked one
     */
    record Instance(
            String name,
            long startedAt,
            double heardSecondsAgo,
            double requestsPerSecond,
            Map<String, Double> gauges,
            Map<String, String> circuits,
            RoutesInForce routes) {}

    /**
     * A {@link Series} over all instances.
     *
     * @param total since each of them started
     * @param perSecond in their last seconds
     */
    record Sum(String name, List<String> tags, List<Long> total, List<Double> perSecond) {}

    /**
     * Usage events of the whole cluster.
     *
     * @param backlog in Redis and not applied, as counted last
     * @param oldestAgeSeconds of the oldest of them
     * @param deadLetters refused for good; null if Redis does not tell
     */
    record Usage(
            long backlog, double oldestAgeSeconds, @Nullable Long deadLetters) {}

    /**
     * The asked instance's routes.
     *
     * @param since epoch milliseconds when they or the limits changed last
     * @param refused why the file as it is now is not in force; null if it is
     */
    record Routes(
            String file, long since, @Nullable String refused, List<String> atNextStart, List<RouteOverview.Row> list) {

        static Routes of(RouteReload.State state, List<RouteOverview.Row> rows) {
            return new Routes(state.file(), state.since().toEpochMilli(), state.refused(), state.atNextStart(), rows);
        }
    }

    /** A reconciliation and the name of the instance that did it. */
    record RunOf(String instance, ReconcileRun run) {}

    static List<Instance> instances(List<Heard> heard) {
        return heard.stream().map(Snapshot::instance).toList();
    }

    private static Instance instance(Heard heard) {
        InstanceReport report = heard.report();
        return new Instance(
                report.name(),
                report.startedAt(),
                heard.ageSeconds(),
                report.series().stream()
                        .filter(series -> series.name().equals("api.response_time"))
                        .mapToDouble(
                                series -> perSecond(report, series.increase().get(0)))
                        .sum(),
                report.gauges(),
                report.circuits(),
                report.routes());
    }

    /** Adds up what all have counted; of an instance with other buckets, one of another version, those are left out. */
    static List<Sum> sums(List<InstanceReport> reports) {
        Map<Key, Sum> sums = new TreeMap<>();
        for (InstanceReport report : reports) {
            for (Series series : report.series()) {
                sums.merge(new Key(series.name(), series.tags()), sum(report, series), Snapshot::plus);
            }
        }
        return List.copyOf(sums.values());
    }

    private static Sum sum(InstanceReport report, Series series) {
        return new Sum(
                series.name(),
                series.tags(),
                series.total(),
                series.increase().stream()
                        .map(increase -> perSecond(report, increase))
                        .toList());
    }

    private static Sum plus(Sum one, Sum other) {
        if (one.total().size() != other.total().size()) {
            return one;
        }
        return new Sum(
                one.name(),
                one.tags(),
                zip(one.total(), other.total(), Long::sum),
                zip(one.perSecond(), other.perSecond(), Double::sum));
    }

    private static <T> List<T> zip(List<T> one, List<T> other, BinaryOperator<T> operator) {
        return IntStream.range(0, one.size())
                .mapToObj(i -> operator.apply(one.get(i), other.get(i)))
                .toList();
    }

    private static double perSecond(InstanceReport report, long increase) {
        return report.windowSeconds() > 0 ? increase / report.windowSeconds() : 0;
    }

    /** @param own what this instance remembers, which is more than it tells the others */
    static List<RunOf> runs(String name, List<ReconcileRun> own, List<Heard> others) {
        return Stream.concat(
                        own.stream().map(run -> new RunOf(name, run)),
                        others.stream()
                                .map(Heard::report)
                                .flatMap(report -> report.runs().stream().map(run -> new RunOf(report.name(), run))))
                .sorted(Comparator.comparing((RunOf run) -> run.run().started()).reversed())
                .limit(RUNS)
                .toList();
    }
}
