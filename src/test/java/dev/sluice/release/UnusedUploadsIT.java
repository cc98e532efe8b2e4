package dev.sluice.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.admission.UsageSink;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.Redis;
import io.lettuce.core.RedisClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** One look of the job, with a real Redis. */
class UnusedUploadsIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Redis redis = Redis.start();
    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();
    private final RedisClient client = RedisClient.create(redis.uri());
    private final RedisConnection connection =
            new RedisConnection(client, Duration.ofSeconds(10), call -> call, connector);
    private final PendingUploads pending = new PendingUploads(connection);
    private final Refunds refunds = new Refunds();

    @BeforeEach
    void connect() {
        await().atMost(PATIENCE).until(connection::isConnected);
    }

    @AfterEach
    void stop() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
        redis.close();
    }

    @Test
    void takesAllThatIsDueInOneLookWhateverFailsInOtherPartitions() {
        String user = Stream.iterate(1, i -> i + 1)
                .map(i -> "user-" + i)
                .filter(id -> KeySpace.partition(id) == 9)
                .findFirst()
                .orElseThrow();
        redis.client().set(KeySpace.pendingUploads(0), "of another type");
        redis.client().zadd(KeySpace.pendingUploads(9), 1, "not json");
        Flux.range(0, 120)
                .concatMap(i -> pending.add(PendingUploads.Kept.of(upload(user, "charge-" + i)), Duration.ZERO))
                .blockLast(PATIENCE);
        UnusedUploads job = new UnusedUploads(
                pending,
                List.of(new Nothing()),
                refunds,
                Clock.systemUTC(),
                Duration.ofMinutes(1),
                new SimpleMeterRegistry());

        job.look().block(PATIENCE);

        assertThat(refunds.ids)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 120).mapToObj(i -> "charge-" + i).toList());
        assertThat(redis.client().exists(KeySpace.pendingUploads(9))).isZero();
    }

    private static PendingUpload upload(String user, String id) {
        UsageEvent charge = new UsageEvent(
                id,
                UsageEvent.Kind.CHARGE,
                user,
                null,
                "signed-url",
                "supabase",
                1,
                7,
                null,
                null,
                null,
                Instant.EPOCH);
        return new PendingUpload(charge, List.of(new PendingUpload.Target("b", id, 7, null)), 0, 0, 0, 0);
    }

    /** Nothing came. */
    private static final class Nothing implements UploadProbe {

        @Override
        public boolean knows(PendingUpload.Target target) {
            return true;
        }

        @Override
        public Mono<Boolean> cameSince(PendingUpload.Target target, Instant since) {
            return Mono.just(false);
        }
    }

    /** Which charges were given back. */
    private static final class Refunds implements UsageSink {

        private final Set<String> ids = ConcurrentHashMap.newKeySet();

        @Override
        public Mono<Void> outcome(UsageEvent outcome) {
            throw new AssertionError("The job records no outcomes");
        }

        @Override
        public Mono<Void> refund(UsageEvent charge, Duration patience) {
            return Mono.fromRunnable(() -> ids.add(charge.id()));
        }

        @Override
        public Mono<Void> charge(UsageEvent charge, Duration patience) {
            throw new AssertionError("The job charges nothing");
        }

        @Override
        public Mono<Void> chargeToJournal(UsageEvent charge, UsageEvent inDoubt) {
            throw new AssertionError("The job charges nothing");
        }

        @Override
        public boolean isFull() {
            return false;
        }
    }
}
