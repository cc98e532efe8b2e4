package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.reconcile.Janitor;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.reconcile.ReconcileReport;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Certificates;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisAcl;
import dev.sluice.testkit.RedisServers;
import dev.sluice.testkit.Stack;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Sluice on a Redis that it reaches by TLS alone, both sides with certificates, as the user that the docs name. */
class RedisSecurityIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final Certificates server = Certificates.selfSigned("redis");
    private static final Certificates client = Certificates.selfSigned("sluice");

    private static int tlsPort;
    private static Redis redis;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        tlsPort = Redis.freePort();
        redis = Redis.start(
                "tls-port " + tlsPort,
                "tls-cert-file " + server.certificate(),
                "tls-key-file " + server.key(),
                "tls-ca-cert-file " + client.certificate(),
                "tls-auth-clients yes",
                RedisAcl.setting());
        Map<String, String> settings = new HashMap<>();
        settings.put(
                "spring.data.redis.url",
                "rediss://" + RedisAcl.USER + ":" + RedisAcl.PASSWORD + "@127.0.0.1:" + tlsPort);
        settings.put("spring.data.redis.ssl.bundle", "redis");
        settings.put("spring.ssl.bundle.pem.redis.truststore.certificate", "file:" + server.certificate());
        settings.put("spring.ssl.bundle.pem.redis.keystore.certificate", "file:" + client.certificate());
        settings.put("spring.ssl.bundle.pem.redis.keystore.private-key", "file:" + client.key());
        stack = Stack.start(new Told(settings, redis));
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @Test
    void doesEverythingWithTheRightsThatTheDocsName() {
        String key = stack.user("alice", 2);
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(200);
        assertThat(stack.sign(key, "2.png").status()).isEqualTo(200);
        assertThat(stack.sign(key, "3.png").code()).isEqualTo("QUOTA_EXCEEDED");
        await().atMost(SOON)
                .until(() -> stack.current("alice") == 2
                        && stack.database()
                                        .number(
                                                "select coalesce(sum(requests), 0) from request_metrics where user_id = 'alice'")
                                >= 2);
        await().atMost(SOON).until(() -> redis.client().xlen(KeySpace.usage(KeySpace.partition("alice"))) == 0);
        redis.client().hset(KeySpace.rate("alice", "left-behind", 60), "1", "1");
        stack.database().update("update user_quotas set current = 1 where user_id = 'alice'");

        ReconcileReport report = Objects.requireNonNull(
                stack.edge().bean(ReconcileJob.class).run(false).block(SOON));
        assertThat(report.outcome()).isEqualTo(ReconcileReport.Outcome.COMPLETED);
        assertThat(redis.client().hget(KeySpace.quota("alice"), "base")).isEqualTo("1");
        assertThat(stack.edge().bean(Janitor.class).sweep().block(SOON)).isEqualTo(1);
        assertThat(stack.health().json().at("/components/redis/status").asString())
                .isEqualTo("UP");
        assertThat(RedisAcl.refused(redis)).isEmpty();
    }

    @Test
    void grantsThatUserNothingElse() {
        RedisClient client = RedisClient.create(RedisURI.Builder.redis(redis.host(), redis.port())
                .withAuthentication(RedisAcl.USER, RedisAcl.PASSWORD.toCharArray())
                .build());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            RedisCommands<String, String> commands = connection.sync();
            assertThat(commands.ping()).isEqualTo("PONG");
            assertRefused(commands::flushall);
            assertRefused(() -> commands.keys("*"));
            assertRefused(() -> commands.configGet("maxmemory"));
            assertRefused(() -> commands.get("of another application"));
            assertRefused(() -> commands.set("sluice", "no prefix"));
            assertRefused(() -> commands.publish("channel", "message"));
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
            redis.client().aclLogReset();
        }
    }

    private static void assertRefused(ThrowingCallable command) {
        assertThatThrownBy(command)
                .isInstanceOf(RedisCommandExecutionException.class)
                .hasMessageContaining("NOPERM");
    }

    /** What Sluice is told is needed, all of it: the port takes no one without TLS, trust and a certificate. */
    @Test
    void isReachedOnlyByTrustAndCertificate() {
        SslOptions trusting =
                SslOptions.builder().trustManager(server.certificate().toFile()).build();
        SslOptions known = trusting.mutate()
                .keyManager(client.certificate().toFile(), client.key().toFile(), null)
                .build();

        assertThat(answer("rediss", known)).isEqualTo("PONG");
        assertThat(answer("rediss", trusting)).as("without a certificate").isNotEqualTo("PONG");
        assertThat(answer("rediss", SslOptions.create())).as("without trust").isNotEqualTo("PONG");
        assertThat(answer("redis", known)).as("without TLS").isNotEqualTo("PONG");
    }

    private static String answer(String scheme, SslOptions options) {
        RedisClient made = RedisClient.create(scheme + "://127.0.0.1:" + tlsPort + "?timeout=5s");
        made.setOptions(ClientOptions.builder().sslOptions(options).build());
        try (StatefulRedisConnection<String, String> connection = made.connect()) {
            return connection.sync().ping();
        } catch (RedisException e) {
            return e + ", " + e.getCause();
        } finally {
            made.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
    }

    /** A Redis of which Sluice is told something else than where it is. */
    private record Told(Map<String, String> settings, Redis redis) implements RedisServers {
        @Override
        public void close() {
            redis.close();
        }
    }
}
