package dev.sluice.console;

import dev.sluice.console.InstanceReports.Heard;
import dev.sluice.console.Snapshot.Routes;
import dev.sluice.console.Snapshot.Usage;
import dev.sluice.management.ReconcileRun;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.routes.RouteOverview;
import dev.sluice.routes.RouteReload;
import dev.sluice.usage.DeadLetters;
import dev.sluice.usage.UsageBacklog;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.http.CacheControl;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** {@code console}: GET answers a {@link Snapshot}. Never waits longer than {@value #LIMIT_MILLIS} ms for Redis. */
final class ConsoleEndpoint {

    private static final long LIMIT_MILLIS = 1000;

    private final OwnReport own;
    private final InstanceReports instances;
    private final UsageBacklog backlog;
    private final DeadLetters deadLetters;
    private final ReconcileJob reconcile;
    private final RouteReload reload;
    private final RouteOverview routes;
    private final Clock clock;

    ConsoleEndpoint(
            OwnReport own,
            InstanceReports instances,
            UsageBacklog backlog,
            DeadLetters deadLetters,
            ReconcileJob reconcile,
            RouteReload reload,
            RouteOverview routes,
            Clock clock) {
        this.own = own;
        this.instances = instances;
        this.backlog = backlog;
        this.deadLetters = deadLetters;
        this.reconcile = reconcile;
        this.reload = reload;
        this.routes = routes;
        this.clock = clock;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route().GET(basePath + "/console", this::answer).build();
    }

    private Mono<ServerResponse> answer(ServerRequest request) {
        return Mono.zip(inTime(instances.others()), inTime(deadLetters.counts()))
                .publishOn(Schedulers.boundedElastic())
                .map(told -> snapshot(told.getT1(), told.getT2()))
                .flatMap(snapshot -> ServerResponse.ok()
                        .cacheControl(CacheControl.noStore())
                        .header("X-Content-Type-Options", "nosniff")
                        .bodyValue(snapshot));
    }

    /** Empty if Redis does not tell. */
    private static <T> Mono<Optional<T>> inTime(Mono<T> told) {
        return told.map(Optional::of)
                .timeout(Duration.ofMillis(LIMIT_MILLIS))
                .onErrorResume(error -> Mono.just(Optional.empty()));
    }

    private Snapshot snapshot(Optional<List<Heard>> others, Optional<Map<Integer, Long>> dead) {
        InstanceReport self = own.last();
        List<Heard> heard = others.orElse(List.of()).stream()
                .sorted(Comparator.comparing(
                        one -> one.report().name() + one.report().id()))
                .toList();
        List<Heard> all =
                Stream.concat(Stream.of(new Heard(self, 0)), heard.stream()).toList();
        List<InstanceReport> reports = all.stream().map(Heard::report).toList();
        return new Snapshot(
                clock.millis(),
                others.isEmpty(),
                Snapshot.instances(all),
                MeterReader.BUCKETS_MILLIS,
                Snapshot.sums(reports),
                usage(reports, dead),
                Routes.of(reload.state(), routes.routes()),
                Snapshot.runs(
                        self.name(),
                        reconcile.reports().stream().map(ReconcileRun::of).toList(),
                        heard));
    }

    private Usage usage(List<InstanceReport> reports, Optional<Map<Integer, Long>> dead) {
        double others = reports.stream()
                .mapToDouble(report -> report.gauges().getOrDefault("sluice.usage.oldest_age", 0.0))
                .max()
                .orElse(0);
        return new Usage(
                backlog.byPartition().stream().mapToLong(Long::longValue).sum(),
                Math.max(others, backlog.oldestAgeSeconds()),
                dead.map(counts -> counts.values().stream()
                                .mapToLong(Long::longValue)
                                .sum())
                        .orElse(null));
    }
}
