package dev.sluice.caller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.is;

import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.supabase.PostgRest;
import dev.sluice.testkit.Redis;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.TimeoutOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.test.StepVerifier;
import tools.jackson.databind.json.JsonMapper;

class ApiKeysIT {

    private static final Duration TTL = Duration.ofSeconds(60);
    private static final Pattern HASH = Pattern.compile("\"p_key_hash\":\"([0-9a-f]{64})\"");
    private static final String ROW = "{\"apiKeyId\":\"7c9e6679\",\"userId\":\"user-1\",\"plan\":\"pro\"}";
    private static final Caller CALLER = new Caller("user-1", "7c9e6679", "pro", null);

    /** Frozen and killed by these tests. */
    private static Redis redis;

    private static ScheduledExecutorService connector;

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger calls = new AtomicInteger();
    private final Map<String, String> rows = new ConcurrentHashMap<>();
    private volatile int status = 200;
    private volatile Duration delay = Duration.ZERO;
    private final AtomicInteger answering = new AtomicInteger();
    private volatile Mono<Void> gate = Mono.empty();
    private DisposableServer postgrest;
    private RedisClient client;
    private RedisConnection connection;
    private Duration budget = Duration.ofSeconds(10);

    @BeforeAll
    static void startServers() {
        redis = Redis.start();
        connector = Executors.newSingleThreadScheduledExecutor();
    }

    @AfterAll
    static void stopServers() {
        redis.close();
        connector.shutdownNow();
    }

    @BeforeEach
    void start() {
        redis.flushAll();
        postgrest = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .route(routes -> routes.post("/rpc/resolve_api_key", (request, response) -> {
                    calls.incrementAndGet();
                    return Mono.delay(delay)
                            .then(request.receive().aggregate().asString())
                            .flatMap(body -> {
                                Matcher hash = HASH.matcher(body);
                                String row = hash.find() ? rows.getOrDefault(hash.group(1), "null") : "null";
                                answering.incrementAndGet();
                                return gate.then(Mono.defer(() -> response.status(status)
                                        .header("Content-Type", "application/json; charset=utf-8")
                                        .sendString(Mono.just(status == 200 ? row : "{}"))
                                        .then()));
                            });
                }))
                .bindNow();
        client = RedisClient.create(redis.uri());
        client.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled())
                .build());
        connection = new RedisConnection(client, Duration.ofSeconds(10), call -> call, connector);
        await().until(connection::isConnected);
        rows.put(Sha256.hex("key-1"), ROW);
    }

    @AfterEach
    void stop() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        postgrest.disposeNow();
    }

    private ApiKeys instance() {
        PostgRest database = new PostgRest(
                WebClient.create("http://127.0.0.1:" + postgrest.port()), new Closed(), Duration.ofSeconds(10));
        return new ApiKeys(
                new LocalIdentities(TTL, nanos::get),
                new SharedIdentities(connection, JsonMapper.shared(), TTL, nanos::get),
                database,
                budget,
                nanos::get);
    }

    private static Timings timings() {
        return new Timings(System::nanoTime);
    }

    @Test
    void asksTheDatabaseOnceForAllInstances() {
        ApiKeys first = instance();
        Timings timings = timings();
        StepVerifier.create(first.find("key-1", timings)).expectNext(CALLER).verifyComplete();
        assertThat(timings.entered(Stage.REDIS)).isTrue();
        assertThat(timings.entered(Stage.DATABASE)).isTrue();

        Timings again = timings();
        StepVerifier.create(first.find("key-1", again)).expectNext(CALLER).verifyComplete();
        assertThat(again.entered(Stage.REDIS)).isFalse();

        Timings elsewhere = timings();
        StepVerifier.create(instance().find("key-1", elsewhere))
                .expectNext(CALLER)
                .verifyComplete();
        assertThat(elsewhere.entered(Stage.REDIS)).isTrue();
        assertThat(elsewhere.entered(Stage.DATABASE)).isFalse();
        assertThat(calls).hasValue(1);
    }

    @Test
    void sharesOneCallAmongFiveHundredFirstRequests() {
        delay = Duration.ofMillis(100);
        ApiKeys keys = instance();
        StepVerifier.create(Flux.range(0, 500).flatMap(i -> keys.find("key-1", timings()), 500))
                .expectNextCount(500)
                .verifyComplete();
        assertThat(calls).hasValue(1);
    }

    @Test
    void leavesTheSharedCallToTheOthersWhenOneGoesAway() {
        delay = Duration.ofMillis(200);
        ApiKeys keys = instance();
        var leaver = keys.find("key-1", timings()).subscribe();
        var stayer = keys.find("key-1", timings()).toFuture();
        leaver.dispose();
        assertThat(stayer).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(CALLER);
        assertThat(calls).hasValue(1);
    }

    @Test
    void remembersUnknownKeysToo() {
        ApiKeys keys = instance();
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(keys.find("nobodys", timings())).verifyComplete();
        }
        StepVerifier.create(instance().find("nobodys", timings())).verifyComplete();
        assertThat(calls).hasValue(1);
        assertThat(redis.client().pttl(KeySpace.apiKey(Sha256.hex("nobodys")))).isBetween(1L, 60_000L);
    }

    @Test
    void refusesARevokedKeyWithinTheTtlInTotal() {
        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();
        redis.client().pexpire(KeySpace.apiKey(Sha256.hex("key-1")), 10_000);
        rows.clear();
        ApiKeys second = instance();
        StepVerifier.create(second.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        nanos.addAndGet(Duration.ofSeconds(9).toNanos());
        StepVerifier.create(second.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        redis.flushAll();
        nanos.addAndGet(Duration.ofMillis(1_001).toNanos());
        StepVerifier.create(second.find("key-1", timings())).verifyComplete();
    }

    @Test
    void storesAnIdentityInRedisOnlyForWhatIsLeftOfItsLife() {
        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();
        assertThat(redis.client().pttl(KeySpace.apiKey(Sha256.hex("key-1")))).isBetween(1L, 60_000L);
        assertThat(redis.client().get(KeySpace.apiKey(Sha256.hex("key-1")))).doesNotContain("key-1\"");
    }

    @Test
    void doesNotTakeAnotherKeysIdentityForAPartOfTheHash() {
        rows.put(Sha256.hex("key-2"), ROW.replace("user-1", "user-2"));
        StepVerifier.create(instance().find("key-2", timings()))
                .expectNextCount(1)
                .verifyComplete();
        redis.client()
                .psetex(
                        KeySpace.apiKey(Sha256.hex("key-1")),
                        60_000,
                        redis.client().get(KeySpace.apiKey(Sha256.hex("key-2"))));

        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();
    }

    @Test
    void takesNoMoreOfRedisForAnIdentityThanItsPartsNeed() {
        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();

        assertThat(redis.client().get(KeySpace.apiKey(Sha256.hex("key-1"))))
                .matches("\\[\"[A-Za-z0-9_-]{32}\",\"user-1\",\"[^\"]*\",(null|\"[^\"]*\")]");
    }

    @Test
    void asksAnewForWhatItCannotRead() {
        for (String foreign :
                List.of("not json", "null", "{}", "[]", "[[]]", "{\"hash\":\"0\",\"userId\":\"mallory\"}")) {
            redis.client().psetex(KeySpace.apiKey(Sha256.hex("key-1")), 60_000, foreign);
            StepVerifier.create(instance().find("key-1", timings()))
                    .expectNext(CALLER)
                    .verifyComplete();
        }
        redis.flushAll();
        redis.client().lpush(KeySpace.apiKey(Sha256.hex("key-1")), "a list");
        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();
    }

    @Test
    void refusesAMalformedKeyWithoutAskingAnybody() {
        ApiKeys keys = instance();
        for (String malformed : new String[] {"", " ", "a b", "k".repeat(257), "ke\u00fd", "a\u0000"}) {
            Timings timings = timings();
            StepVerifier.create(keys.find(malformed, timings)).verifyComplete();
            assertThat(timings.entered(Stage.REDIS)).isFalse();
        }
        assertThat(calls).hasValue(0);
    }

    @Test
    void remembersNoErrors() {
        status = 503;
        ApiKeys keys = instance();
        unavailable(keys, "key-1");
        status = 200;
        StepVerifier.create(keys.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        assertThat(calls).hasValue(2);
    }

    @Test
    void saysUnavailableRatherThanAnythingElseForARowWithoutUser() {
        rows.put(Sha256.hex("key-1"), "{\"apiKeyId\":\"7c9e6679\",\"userId\":\"\",\"plan\":null}");
        unavailable(instance(), "key-1");
    }

    @Test
    void trustsTheLastKnownIdentityForFifteenMinutesWhileNobodyAnswers() {
        ApiKeys keys = instance();
        StepVerifier.create(keys.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        status = 503;
        redis.kill();
        try {
            nanos.addAndGet(Duration.ofMinutes(14).toNanos());
            StepVerifier.create(keys.find("key-1", timings()))
                    .expectNext(CALLER)
                    .verifyComplete();
            unavailable(keys, "never-seen");
            nanos.addAndGet(Duration.ofMinutes(1).toNanos() + 1);
            unavailable(keys, "key-1");
            status = 200;
            StepVerifier.create(keys.find("key-1", timings()))
                    .expectNext(CALLER)
                    .verifyComplete();
        } finally {
            redis.restart();
        }
    }

    @Test
    void neverTrustsAKeyThatWasLastKnownAsRevoked() {
        ApiKeys keys = instance();
        StepVerifier.create(keys.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        rows.clear();
        redis.flushAll();
        nanos.addAndGet(TTL.toNanos());
        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
        redis.flushAll();
        status = 503;
        nanos.addAndGet(TTL.toNanos());
        unavailable(keys, "key-1");
    }

    @Test
    void goesToTheDatabaseWhenRedisIsFrozenAfterTheRequestsBudget() {
        budget = Duration.ofMillis(100);
        ApiKeys keys = instance();
        redis.freeze();
        try {
            Timings timings = timings();
            StepVerifier.create(keys.find("key-1", timings)).expectNext(CALLER).verifyComplete();
            assertThat(timings.spentNanos(Stage.REDIS)).isBetween(100_000_000L, 5_000_000_000L);

            Timings spent = timings();
            spent.add(Stage.REDIS, spent.now() - 200_000_000L);
            long before = spent.spentNanos(Stage.REDIS);
            rows.put(Sha256.hex("key-2"), ROW);
            StepVerifier.create(keys.find("key-2", spent)).expectNext(CALLER).verifyComplete();
            assertThat(spent.spentNanos(Stage.REDIS)).isEqualTo(before);
        } finally {
            redis.thaw();
        }
    }

    @Test
    void forgetsAUsersKeysAtOnceHereAndInRedis() {
        ApiKeys keys = instance();
        StepVerifier.create(keys.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        rows.put(Sha256.hex("key-2"), ROW.replace("user-1", "user-2"));
        StepVerifier.create(keys.find("key-2", timings())).expectNextCount(1).verifyComplete();
        rows.clear();
        StepVerifier.create(keys.forgetUser("user-1")).verifyComplete();
        assertThat(redis.client().exists(KeySpace.apiKey(Sha256.hex("key-1")))).isZero();
        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
        StepVerifier.create(keys.find("key-2", timings())).expectNextCount(1).verifyComplete();
        StepVerifier.create(keys.forgetKey(Sha256.hex("key-2"))).verifyComplete();
        StepVerifier.create(keys.find("key-2", timings())).verifyComplete();
    }

    @Test
    void storesNothingThatWasAskedBeforeItWasForgotten() {
        delay = Duration.ofMillis(300);
        ApiKeys keys = instance();
        var underWay = keys.find("key-1", timings()).toFuture();
        await().untilAtomic(calls, is(1));
        StepVerifier.create(keys.forgetKey(Sha256.hex("key-1"))).verifyComplete();
        assertThat(underWay).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(CALLER);
        rows.clear();
        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
    }

    @Test
    void letsNobodyJoinACallThatBeganBeforeItWasForgotten() {
        Sinks.Empty<Void> answer = Sinks.empty();
        gate = answer.asMono();
        ApiKeys keys = instance();
        var underWay = keys.find("key-1", timings()).toFuture();
        await().untilAtomic(answering, is(1));
        gate = Mono.empty();
        rows.clear();
        StepVerifier.create(keys.forgetUser("user-1")).verifyComplete();

        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
        answer.tryEmitEmpty();
        assertThat(underWay).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(CALLER);
        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
    }

    @Test
    void doesNotBelieveWhatAnotherInstanceStoresLaterThanItWasForgotten() {
        ApiKeys told = instance();
        ApiKeys late = instance();
        StepVerifier.create(told.forgetUser("user-1")).verifyComplete();
        StepVerifier.create(late.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        assertThat(redis.client().exists(KeySpace.apiKey(Sha256.hex("key-1")))).isEqualTo(1);
        rows.clear();

        StepVerifier.create(told.find("key-1", timings())).verifyComplete();
        assertThat(calls).hasValue(2);
    }

    @Test
    void believesWhatIsInRedisAgainOnceEverythingOlderHasExpired() {
        ApiKeys told = instance();
        StepVerifier.create(told.forgetUser("user-1")).verifyComplete();
        told.forgetAll();
        nanos.addAndGet(TTL.plusSeconds(15).toNanos());
        StepVerifier.create(instance().find("key-1", timings()))
                .expectNext(CALLER)
                .verifyComplete();

        StepVerifier.create(told.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        assertThat(calls).hasValue(1);
    }

    @Test
    void forgetsEverybody() {
        ApiKeys keys = instance();
        StepVerifier.create(keys.find("key-1", timings())).expectNext(CALLER).verifyComplete();
        rows.clear();
        keys.forgetAll();

        StepVerifier.create(keys.find("key-1", timings())).verifyComplete();
    }

    private static void unavailable(ApiKeys keys, String key) {
        StepVerifier.create(keys.find(key, timings())).verifyErrorSatisfies(error -> {
            assertThat(error).isInstanceOf(ProblemException.class);
            ProblemException refused = (ProblemException) error;
            assertThat(refused.problem().code()).isEqualTo(ProblemCode.IDENTITY_UNAVAILABLE);
            assertThat(refused.problem().headers()).containsKey("Retry-After");
        });
    }

    /** A circuit that never opens: what these tests see is the call itself. */
    private static final class Closed implements ReactiveCircuitBreaker {
        @Override
        public <T> Mono<T> run(Mono<T> call, Function<Throwable, Mono<T>> fallback) {
            return call;
        }

        @Override
        public <T> Flux<T> run(Flux<T> call, Function<Throwable, Flux<T>> fallback) {
            return call;
        }
    }
}
