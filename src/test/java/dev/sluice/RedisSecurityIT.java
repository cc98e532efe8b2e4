package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.reconcile.Janitor;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.reconcile.ReconcileReport;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Certificates;
import dev.sluice.testkit.Ports;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisAcl;
import dev.sluice.testkit.RedisServers;
import dev.sluice.testkit.Stack;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** Sluice on a Redis that it reaches by TLS alone, both sides with certificates, as the user that the docs name. */
class RedisSecurityIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final String TOKEN = "management-token-of-this-test";

    private static final Certificates server = Certificates.selfSigned("redis");
    private static final Certificates client = Certificates.selfSigned("sluice");

    private static int tlsPort;
    private static Redis redis;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        tlsPort = Ports.free();
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
        stack = Stack.start(new Told(settings, redis), "sluice.management.token", TOKEN);
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

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.edge()
                                .bean(ReconcileJob.class)
                                .run(false)
                                .map(ReconcileReport::outcome)
                                .block(SOON))
                        .isEqualTo(ReconcileReport.Outcome.COMPLETED));
        assertThat(redis.client().hget(KeySpace.quota("alice"), "base")).isEqualTo("1");
        assertThat(stack.edge().bean(Janitor.class).sweep().block(SOON)).isEqualTo(1);
        assertThat(stack.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
                                        + stack.edge().managementPort() + "/actuator/usercache/alice"))
                                .header("Authorization", "Bearer " + TOKEN)
                                .DELETE()
                                .build())
                        .status())
                .isEqualTo(200);
        assertThat(stack.send(HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + stack.edge().managementPort() + "/actuator/console"))
                                .header("Authorization", "Bearer " + TOKEN)
                                .build())
                        .json()
                        .path("alone")
                        .asBoolean(true))
                .as("the console hears through Redis")
                .isFalse();
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

    /** What Sluice is told is needed, all of it: the port answers no one without TLS, trust and a certificate. */
    @Test
    void isReachedOnlyByTrustAndCertificate() throws Exception {
        SslBundle told = stack.edge().bean(SslBundles.class).getBundle("redis");
        SSLContext nameless = SSLContext.getInstance("TLS");
        nameless.init(null, told.getManagers().getTrustManagers(), null);

        assertThat(answer(told.createSslContext().getSocketFactory())).isEqualTo("+PONG");
        assertThat(answer(nameless.getSocketFactory()))
                .as("without a certificate")
                .isNotEqualTo("+PONG");
        assertThat(answer(SSLContext.getDefault().getSocketFactory()))
                .as("without trust")
                .isNotEqualTo("+PONG");
        assertThat(answer(SocketFactory.getDefault())).as("without TLS").isNotEqualTo("+PONG");
    }

    private static String answer(SocketFactory sockets) {
        try (Socket socket = sockets.createSocket("127.0.0.1", tlsPort)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            String line = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                    .readLine();
            return String.valueOf(line);
        } catch (IOException e) {
            return e.toString();
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
