package dev.sluice.bench;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A signed URL by the last of many routes, all in one process, whose routes file is changed from one measurement to the next:
 * what differs is nothing but the number of routes before the one that is asked for.
 */
final class RoutesGrowth {

    private static final int WARM_SECONDS = 2;
    private static final Path FILE = Program.DIRECTORY.resolve("growth-routes.yml");

    private static final String HEAD = """
            spring:
              cloud:
                gateway:
                  server:
                    webflux:
                      routes:
            """;

    /** As in gateway-routes.yml. */
    private static final String ROUTE = """
                        - id: %s
                          uri: no://op
                          predicates:
                            - Method=POST
                            - Path=%s
                          filters:
                            - Authenticate
                            - MemoryGuard=signed-url
                            - UploadIntent=body
                            - RateLimit=signed-url
                            - Quota=requests
                            - BucketAccess=write
                            - SupabaseSignedUrl=upload
            """;

    /**
     * Of one round.
     *
     * @param cpuMicros per request
     * @param reloadSeconds CPU until so many routes were in force
     */
    private record Figures(double cpuMicros, double reloadSeconds) {}

    private RoutesGrowth() {}

    static String measure(GrowthPlan plan, Stage stage) {
        write(1);
        Program sluice = stage.sluice(
                stage.redis(),
                "routes",
                Stage.HEAP_MEGABYTES,
                Map.of("SLUICE_ROUTES", FILE.toString(), "sluice.routes.reload-interval", "200ms"));
        Plan measured = plan.measured();
        Rounds.warm(measured, stage, sluice, "Sluice with one route", Load.SIGN);
        Map<Integer, List<Figures>> rounds = new LinkedHashMap<>();
        for (int round = 0; round <= measured.rounds(); round++) {
            for (int routes : plan.routes()) {
                double before = sluice.cpuMicros();
                replace(routes, sluice);
                double reloadSeconds = (sluice.cpuMicros() - before) / 1e6;
                double cpuMicros = cpuMicros(stage, sluice, measured);
                // The first of all only warms up: code that has never seen so many routes is compiled anew.
                if (round > 0) {
                    rounds.computeIfAbsent(routes, first -> new ArrayList<>())
                            .add(new Figures(cpuMicros, reloadSeconds));
                }
            }
        }
        stage.end(sluice);
        return table(rounds);
    }

    private static double cpuMicros(Stage stage, Program sluice, Plan plan) {
        Wrk.run(stage.cores()::others, sluice.url(), Load.SIGN, plan.connections(), WARM_SECONDS);
        double before = sluice.cpuMicros();
        Wrk wrk = Wrk.run(stage.cores()::others, sluice.url(), Load.SIGN, plan.connections(), plan.seconds());
        return (sluice.cpuMicros() - before) / wrk.requests();
    }

    private static String table(Map<Integer, List<Figures>> rounds) {
        double first = rounds.values().stream()
                .findFirst()
                .map(figures -> spread(figures, Figures::cpuMicros).median())
                .orElseThrow();
        StringBuilder table = new StringBuilder(String.format(
                "%-12s %-22s %-16s %s%n", "routes", "CPU us/request", "of the first", "CPU s of the reload"));
        rounds.forEach((routes, figures) -> table.append(String.format(
                Locale.ROOT,
                "%-12d %-22s %-16.2f %s%n",
                routes,
                spread(figures, Figures::cpuMicros).text(0),
                spread(figures, Figures::cpuMicros).median() / first,
                spread(figures, Figures::reloadSeconds).text(1))));
        return table.toString();
    }

    private static Spread spread(List<Figures> figures, ToDoubleFunction<Figures> figure) {
        return Spread.of(figures.stream().map(figure::applyAsDouble).toList());
    }

    private static void replace(int routes, Program sluice) {
        write(routes);
        await(routes + " routes are in force")
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Shell.run("curl", "-fsS", sluice.managementUrl() + "/actuator/health")
                        .contains("\"routes\":" + routes + ","));
    }

    /** All at once, as a ConfigMap changes. */
    private static void write(int routes) {
        String others = IntStream.range(1, routes)
                .mapToObj(i -> route("route-" + i, "/v1/tenants/tenant-" + i + "/signed-url"))
                .collect(Collectors.joining());
        try {
            Path next = Files.writeString(
                    Program.DIRECTORY.resolve("growth-routes.next"),
                    HEAD + others + route("signed-url", Load.SIGN.path()));
            Files.move(next, FILE, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String route(String id, String path) {
        return String.format(ROUTE, id, path);
    }
}
