package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.testkit.Redis;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A channel on which nothing depends: it comes back with Redis, and is done without where it is forbidden. */
class WakeUpsIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String CHANNEL = "sluice:usercache";

    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger woken = new AtomicInteger();

    @AfterEach
    void close() {
        connector.shutdownNow();
    }

    @Test
    void isHeardAgainAfterItsConnectionBrokeAndAfterRedisWasRestarted() {
        try (Redis redis = Redis.start()) {
            RedisClient client = redis.newClient();
            try (RedisConnection connection =
                    new RedisConnection(client, Duration.ofSeconds(2), call -> call, connector)) {
                WakeUps wakeUps = new WakeUps(client, connection, CHANNEL, woken::incrementAndGet);
                AtomicInteger losses = new AtomicInteger();
                connection.onLoss(losses::incrementAndGet);
                wakeUps.start();
                heard(wakeUps);

                assertThat(redis.client().clientKill(KillArgs.Builder.typePubsub()))
                        .isPositive();
                heard(wakeUps);
                assertThat(losses).as("no charge is lost with who listens").hasValue(0);
                redis.restart();
                heard(wakeUps);
                assertThat(losses).hasPositiveValue();

                wakeUps.stop();
                await().atMost(SOON).until(() -> redis.client().pubsubChannels().isEmpty());
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
            }
        }
    }

    @Test
    void isDoneWithoutWhereTheUserMayNotUseIt() {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        Logger logger = (Logger) LoggerFactory.getLogger(WakeUps.class);
        logger.addAppender(lines);
        try (Redis redis = Redis.start("user mute on >secret-of-mute resetchannels ~* +@all")) {
            RedisClient client = RedisClient.create(RedisURI.Builder.redis(redis.host(), redis.port())
                    .withAuthentication("mute", "secret-of-mute".toCharArray())
                    .build());
            try (RedisConnection connection =
                    new RedisConnection(client, Duration.ofSeconds(2), call -> call, connector)) {
                await().atMost(SOON).until(connection::isConnected);
                WakeUps wakeUps = new WakeUps(client, connection, CHANNEL, woken::incrementAndGet);
                assertThat(wakeUps.wake().blockOptional()).as("never fails").isEmpty();
                wakeUps.start();
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(lines.list)
                                .filteredOn(line -> line.getLevel() == Level.WARN)
                                .singleElement()
                                .matches(line ->
                                        line.getFormattedMessage().contains("&" + CHANNEL + " +publish +subscribe")));
                assertThat(wakeUps.wake().blockOptional()).isEmpty();
                assertThat(wakeUps.isRunning()).isTrue();
                wakeUps.stop();
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
            }
        } finally {
            logger.detachAppender(lines);
        }
    }

    private void heard(WakeUps wakeUps) {
        await().atMost(SOON).until(() -> {
            int before = woken.get();
            wakeUps.wake().block();
            return woken.get() > before;
        });
    }
}
