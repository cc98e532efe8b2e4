package dev.sluice.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.idempotency.IdempotencyRecords.Beginning;
import dev.sluice.idempotency.IdempotencyRecords.Claim;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.Redis;
import io.lettuce.core.RedisClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpStatus;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Answers whose length is not known before their end, with a real Redis. */
class AnswerKeeperIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Redis redis = Redis.shared();
    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();
    private final RedisClient client = RedisClient.create(redis.uri());
    private final RedisConnection connection =
            new RedisConnection(client, Duration.ofSeconds(10), call -> call, connector);
    private final IdempotencyRecords records = new IdempotencyRecords(connection, Duration.ofMinutes(1));
    private final Claim claim = new Claim(UUID.randomUUID().toString(), "owner", "print", "event");

    @BeforeEach
    void connect() {
        await().atMost(PATIENCE).until(connection::isConnected);
    }

    @AfterEach
    void stop() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
    }

    @Test
    void keepsAnAnswerOfUnknownLength() {
        assertThat(answered(3, 10)).isEqualTo("x".repeat(30));

        assertThat(records.begin(claim).block(PATIENCE))
                .isInstanceOfSatisfying(
                        Beginning.Answered.class,
                        known -> assertThat(new String(known.answer().body(), StandardCharsets.UTF_8))
                                .isEqualTo("x".repeat(30)));
    }

    @Test
    void letsTheRecordGoIfTheAnswerIsTooLargeAndPassesItOn() {
        assertThat(answered(6, 100 * 1024)).hasSize(600 * 1024);

        assertThat(records.begin(claim).block(PATIENCE)).isEqualTo(new Beginning.Held("event", false));
    }

    /** The body that the client gets, which came in so many buffers. */
    private String answered(int buffers, int size) {
        assertThat(records.begin(claim).block(PATIENCE)).isEqualTo(new Beginning.Held("event", true));
        MockServerWebExchange exchange =
                MockServerWebExchange.from(MockServerHttpRequest.post("/").header(IdempotencyKey.HEADER, "k"));
        Recording.ATTRIBUTE.set(exchange, new Recording(records, claim));
        new AnswerKeeper().filter(exchange, kept -> write(kept, buffers, size)).block(PATIENCE);
        return String.valueOf(exchange.getResponse().getBodyAsString().block(PATIENCE));
    }

    private static Mono<Void> write(ServerWebExchange exchange, int buffers, int size) {
        exchange.getResponse().setStatusCode(HttpStatus.OK);
        Flux<DataBuffer> body = Flux.range(0, buffers)
                .map(i -> exchange.getResponse()
                        .bufferFactory()
                        .wrap("x".repeat(size).getBytes(StandardCharsets.UTF_8)));
        return exchange.getResponse().writeWith(body);
    }
}
