package dev.sluice.ledger;

import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.testkit.RedisData;
import io.lettuce.core.AbstractRedisClient;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import reactor.core.publisher.Mono;

/** What one instance of the gateway has of the ledger: its own connection and its own fences. */
final class LedgerClient implements AutoCloseable {

    static final LedgerSettings SETTINGS =
            new LedgerSettings(Duration.ofSeconds(300), Duration.ofSeconds(900), Duration.ofSeconds(60));

    final RedisConnection connection;
    final Fences fences = new Fences();
    final Ledger ledger;

    private final AbstractRedisClient client;
    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();

    LedgerClient(RedisData redis) {
        this.client = redis.newClient();
        this.connection = new RedisConnection(client, Duration.ofSeconds(5), call -> call, connector);
        // Lettuce (7.5) takes a node of a Cluster for connected an instant before it takes commands for it.
        await().ignoreExceptionsInstanceOf(RedisUnavailableException.class)
                .until(() -> connection
                        .call(commands -> commands.exists(KeySpace.fence(0)))
                        .blockOptional()
                        .isPresent());
        this.ledger = new Ledger(connection, fences, SETTINGS);
    }

    /** Admits as the gateway does, with facts that stand still. */
    Mono<AdmitReply> admit(AdmitRequest request, QuotaRow row, Verdicts verdicts) {
        return ledger.admit(request)
                .flatMap(reply -> reply instanceof AdmitReply.Load load
                        ? ledger.load(
                                        request.userId(),
                                        load,
                                        load.quota() ? row : null,
                                        load.verdict() ? verdicts : null)
                                .then(Mono.defer(() -> admit(request.with(AdmitRequest.FactsMode.HELD), row, verdicts)))
                        : Mono.just(reply));
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
    }
}
