package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Ports;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisSentinel;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.TimeoutOptions;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Failovers that break no connection. */
class RedisConnectionIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger losses = new AtomicInteger();
    private @Nullable RedisClient client;

    @AfterEach
    void close() {
        connector.shutdownNow();
        if (client != null) {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
    }

    @Test
    void leavesAMasterThatHangsOnceTheSentinelNamesAnother() {
        try (RedisSentinel redis = RedisSentinel.start();
                RedisConnection connection = connect(redis.uri())) {
            assertThat(set(connection, "1")).isTrue();

            redis.master().freeze();
            await().atMost(SOON).until(() -> set(connection, "2"));

            assertThat(redis.replica().client().get("key")).isEqualTo("2");
            assertThat(losses).as("what the fences are told").hasPositiveValue();
        }
    }

    @Test
    void leavesAServerThatWasMadeAReplica() {
        try (Redis redis = Redis.start();
                Redis other = Redis.start();
                RedisConnection connection = connect(RedisURI.create(redis.uri()))) {
            assertThat(set(connection, "1")).isTrue();

            redis.client().replicaof(other.host(), other.port());
            assertThat(set(connection, "2")).isFalse();
            assertThat(losses).hasValue(1);

            redis.client().replicaofNoOne();
            await().atMost(SOON).until(() -> set(connection, "3"));
        }
    }

    /** A bound of one's own says nothing of Redis; the fences are not replaced for it. */
    @Test
    void tellsAFullBulkheadFromARedisThatIsAway() {
        Exception full = BulkheadFullException.createBulkheadFullException(Bulkhead.ofDefaults("redis"));
        Exception open = CallNotPermittedException.createCallNotPermittedException(CircuitBreaker.ofDefaults("redis"));

        List<RedisUnavailableException> failures = failures(full, open);

        assertThat(failures).extracting(RedisUnavailableException::isLoss).containsExactly(false, true);
        assertThat(failures).noneMatch(RedisUnavailableException::mayHaveRun);
    }

    private List<RedisUnavailableException> failures(Exception... ofTheGuard) {
        RedisClient nowhere = RedisClient.create("redis://127.0.0.1:" + Ports.free());
        client = nowhere;
        Iterator<Exception> next = List.of(ofTheGuard).iterator();
        try (RedisConnection guarded =
                new RedisConnection(nowhere, Duration.ofSeconds(1), call -> Mono.error(next.next()), connector)) {
            return Stream.of(ofTheGuard)
                    .map(failure -> catchThrowableOfType(
                            RedisUnavailableException.class,
                            () -> guarded.call(commands -> commands.ping()).block()))
                    .toList();
        }
    }

    private RedisConnection connect(RedisURI uri) {
        RedisClient made = RedisClient.create(uri);
        client = made;
        made.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled())
                .build());
        RedisConnection connection = new RedisConnection(made, Duration.ofMillis(500), call -> call, connector);
        connection.onLoss(losses::incrementAndGet);
        await().atMost(SOON).until(connection::isConnected);
        return connection;
    }

    private static boolean set(RedisConnection connection, String value) {
        return "OK"
                .equals(connection
                        .call(commands -> commands.set("key", value))
                        .onErrorReturn(RedisUnavailableException.class, "unavailable")
                        .block());
    }
}
