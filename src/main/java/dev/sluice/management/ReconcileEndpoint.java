package dev.sluice.management;

import dev.sluice.problem.Problem;
import dev.sluice.reconcile.ReconcileJob;
import java.util.List;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** {@code reconcile}: GET lists this instance's last runs; POST runs now, with {@code ?dryRun=true} to report only. */
final class ReconcileEndpoint {

    private record Runs(List<ReconcileRun> runs) {}

    private final ReconcileJob job;

    ReconcileEndpoint(ReconcileJob job) {
        this.job = job;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .GET(basePath + "/reconcile", request -> ServerResponse.ok().bodyValue(runs()))
                .POST(basePath + "/reconcile", this::run)
                .build();
    }

    private Runs runs() {
        return new Runs(job.reports().stream().map(ReconcileRun::of).toList());
    }

    private Mono<ServerResponse> run(ServerRequest request) {
        return job.run(dryRun(request)).flatMap(report -> ServerResponse.ok().bodyValue(ReconcileRun.of(report)));
    }

    /** A misspelt wish to change nothing must not change anything. */
    private static boolean dryRun(ServerRequest request) {
        String value = request.queryParam("dryRun").orElse("false");
        if (!value.equals("true") && !value.equals("false")) {
            throw Problem.invalid("dryRun", "dryRun is neither true nor false", "Send ?dryRun=true or leave it out")
                    .exception();
        }
        return value.equals("true");
    }
}
