package dev.sluice.management;

import dev.sluice.usage.DeadLetters;
import dev.sluice.usage.UsageBacklog;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** {@code usage}: GET tells what waits and what was refused for good; POST puts the latter back into the streams. */
final class UsageEndpoint {

    /** By partition, those without any left out. */
    private record Count(long total, Map<Integer, Long> partitions) {

        static Count of(Map<Integer, Long> partitions) {
            return new Count(
                    partitions.values().stream().mapToLong(Long::longValue).sum(), partitions);
        }
    }

    /** @param oldestAgeSeconds of the oldest event in this instance's partitions */
    private record Report(Count backlog, double oldestAgeSeconds, Count deadLetters) {}

    private record Replayed(long replayed) {}

    private final UsageBacklog backlog;
    private final DeadLetters deadLetters;

    UsageEndpoint(UsageBacklog backlog, DeadLetters deadLetters) {
        this.backlog = backlog;
        this.deadLetters = deadLetters;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .GET(basePath + "/usage", this::report)
                .POST(basePath + "/usage", this::replay)
                .build();
    }

    private Mono<ServerResponse> report(ServerRequest request) {
        return deadLetters
                .counts()
                .map(dead -> new Report(Count.of(waiting()), backlog.oldestAgeSeconds(), Count.of(dead)))
                .onErrorMap(Unavailable::redis)
                .flatMap(report -> ServerResponse.ok().bodyValue(report));
    }

    private Mono<ServerResponse> replay(ServerRequest request) {
        return deadLetters
                .replay()
                .onErrorMap(Unavailable::redis)
                .flatMap(count -> ServerResponse.ok().bodyValue(new Replayed(count)));
    }

    private Map<Integer, Long> waiting() {
        List<Long> lengths = backlog.byPartition();
        Map<Integer, Long> waiting = new TreeMap<>();
        for (int partition = 0; partition < lengths.size(); partition++) {
            if (lengths.get(partition) > 0) {
                waiting.put(partition, lengths.get(partition));
            }
        }
        return waiting;
    }
}
