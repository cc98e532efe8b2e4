package dev.sluice.outage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.ledger.Fences;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.test.web.reactive.server.WebTestClient;

/**
 * The failure table of the design, a nested class for each row, a test for each cell: what is answered, in what time, what
 * is charged, and what the database holds when everything is back.
 */
class FailureTableIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration REDIS_TIMEOUT = Duration.ofMillis(500);

    /** Of one request while something is away: one Redis budget, two calls of the database, and room for a busy machine. */
    private static final Duration DEADLINE = Duration.ofSeconds(5);

    private static final String READ_ONLY =
            "{\"code\":\"25006\",\"message\":\"cannot execute UPDATE in a read-only transaction\"}";
    private static final String AWAY = "{\"code\":\"XX000\",\"message\":\"away\"}";

    private static Link link;
    private static Stack stack;
    private static int users;

    private String user = "";

    @BeforeAll
    static void startAll() {
        Redis redis = Redis.start("appendonly yes", "appendfsync always");
        link = Link.to(redis.port());
        stack = Stack.start(
                redis,
                "spring.data.redis.url",
                "redis://127.0.0.1:" + link.port(),
                "sluice.redis.timeout",
                REDIS_TIMEOUT.toMillis() + "ms",
                "sluice.supabase.timeout",
                "2s",
                "sluice.operations.signed-url.memory",
                "1000/1m",
                "sluice.operations.signed-url.redis",
                "1000/1m",
                "sluice.plans.tight.operations.signed-url.memory",
                "3/1m",
                "sluice.plans.few.operations.signed-url.redis",
                "3/1m");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
        link.close();
    }

    @BeforeEach
    void anotherUser() {
        user = "cell-" + users++;
    }

    @AfterEach
    void everythingIsBack() {
        stack.supabase().faults().clear();
        link.delay(Duration.ZERO);
        stack.redis().thaw();
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> stack.health().json().path("status").asString().equals("UP"));
        String probe = stack.user("probe-" + users++, 100);
        await().atMost(SOON).until(() -> decidedByRedis(stack.sign(probe, "probe.png")));
    }

    private static boolean decidedByRedis(Answer answer) {
        return answer.status() == 200 && answer.header("RateLimit-Policy").contains("\"signed-url\"");
    }

    /** A request that has to be answered in time, whatever is away. */
    private static Answer signInTime(String key, String bucket) {
        long started = System.nanoTime();
        Answer answer = stack.sign(Map.of("X-API-Key", key), System.nanoTime() + ".png", bucket);
        assertThat(Duration.ofNanos(System.nanoTime() - started))
                .as(answer.body())
                .isLessThan(DEADLINE);
        return answer;
    }

    private static Answer signInTime(String key) {
        return signInTime(key, Stack.BUCKET);
    }

    private static void assertUploads(Answer signed) {
        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        Answer uploaded = stack.send(HttpRequest.newBuilder(
                        URI.create(signed.json().path("uploadUrl").asString()))
                .header("Content-Type", "image/png")
                .PUT(BodyPublishers.ofString("bytes"))
                .build());
        assertThat(uploaded.status()).as(uploaded.body()).isEqualTo(200);
    }

    private void assertCharged(long amount) {
        await().atMost(SOON)
                .ignoreExceptionsMatching(RedisException.class::isInstance)
                .untilAsserted(() -> {
                    assertThat(stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(user))))
                            .isZero();
                    assertThat(stack.current(user)).isEqualTo(amount);
                });
    }

    private long outcomes(String column) {
        return stack.database()
                .number("select coalesce(sum(" + column + "), 0) from request_metrics where user_id = ?", user);
    }

    private static double admitted(String source) {
        return stack
                .edge()
                .bean(MeterRegistry.class)
                .find("sluice.admission")
                .tags("verdict", "admitted", "source", source)
                .counters()
                .stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    @Nested
    class NothingFails {

        @Test
        void redisDecidesRateQuotaAndBucketAndAsksNobody() {
            String key = stack.user(user, 10);
            assertThat(signInTime(key).status()).isEqualTo(200);
            long facts = stack.supabase().calls("rest.rpc.edge_facts");
            long reserved = stack.supabase().calls("rest.rpc.reserve_quota");
            double before = admitted("redis");

            assertUploads(signInTime(key));

            assertThat(admitted("redis") - before).isEqualTo(1);
            assertThat(stack.supabase().calls("rest.rpc.edge_facts")).isEqualTo(facts);
            assertThat(stack.supabase().calls("rest.rpc.reserve_quota")).isEqualTo(reserved);
            assertCharged(2);
        }

        @Test
        void theStreamCarriesUsage() {
            String key = stack.user(user, 10);
            stack.supabase().faults().status("rest.rpc.apply_usage", 503, AWAY);

            assertThat(signInTime(key).status()).isEqualTo(200);

            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(user))))
                                    .as("the charge and its outcome")
                                    .isGreaterThanOrEqualTo(2));
            assertThat(stack.current(user)).isZero();
            stack.supabase().faults().clear();
            assertCharged(1);
            assertThat(outcomes("requests - failures")).isEqualTo(1);
        }
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class RedisIsAway {

        private RedisFault fault = RedisFault.FROZEN;

        private void begin(RedisFault which) {
            fault = which;
            fault.begin(stack.redis(), link);
        }

        @AfterEach
        void end() {
            fault.end(stack.redis(), link);
        }

        @ParameterizedTest
        @EnumSource
        void theRateIsTheMemoryGuards(RedisFault which) {
            stack.user(user, 10);
            String key = stack.supabase().createApiKey(user, "tight");
            begin(which);

            for (int i = 0; i < 3; i++) {
                Answer answer = signInTime(key);
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                assertThat(answer.header("RateLimit-Policy"))
                        .as("a limit that is not enforced is not told")
                        .isEqualTo("\"signed-url-instance\";q=3;w=60");
            }
            Answer fourth = signInTime(key);

            assertThat(fourth.status()).isEqualTo(429);
            assertThat(fourth.code()).isEqualTo("RATE_LIMIT_MEMORY");
            end();
            assertCharged(3);
        }

        @ParameterizedTest
        @EnumSource
        void theQuotaIsReservedInTheDatabaseAndEveryRequestChargedOnce(RedisFault which) {
            String key = stack.user(user, 4);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertCharged(1);
            long reserved = stack.supabase().calls("rest.rpc.reserve_quota");
            begin(which);

            for (int i = 0; i < 3; i++) {
                assertThat(signInTime(key).status()).isEqualTo(200);
            }
            Answer spent = signInTime(key);

            assertThat(spent.status()).isEqualTo(403);
            assertThat(spent.code()).isEqualTo("QUOTA_EXCEEDED");
            assertThat(spent.json().path("current").asInt()).isEqualTo(4);
            assertThat(spent.json().path("limit").asInt()).isEqualTo(4);
            assertThat(stack.supabase().calls("rest.rpc.reserve_quota") - reserved)
                    .isEqualTo(4);
            assertThat(stack.current(user)).isEqualTo(4);
            end();
            assertCharged(4);
            assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");
        }

        @ParameterizedTest
        @EnumSource
        void theBucketIsTheLastVerdictSeenElseTheDatabases(RedisFault which) {
            String key = stack.user(user, 100);
            stack.supabase().createBucket("granted-" + user);
            stack.supabase().createBucket("denied-" + user);
            stack.grant(user, "granted-" + user);
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin(which);
            long facts = stack.supabase().calls("rest.rpc.edge_facts");

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(stack.supabase().calls("rest.rpc.edge_facts"))
                    .as("seen before, so not asked for")
                    .isEqualTo(facts);
            assertThat(signInTime(key, "granted-" + user).status()).isEqualTo(200);
            assertThat(signInTime(key, "denied-" + user).code()).isEqualTo("BUCKET_ACCESS_DENIED");
            assertThat(stack.supabase().calls("rest.rpc.edge_facts")).isGreaterThan(facts);
            end();
            assertCharged(3);
        }

        @ParameterizedTest
        @EnumSource
        void theOperationIsAsItIs(RedisFault which) {
            String key = stack.user(user, 10);
            begin(which);

            assertUploads(signInTime(key));
        }

        @ParameterizedTest
        @EnumSource
        void usageGoesStraightToTheDatabaseInBatches(RedisFault which) {
            String key = stack.user(user, 100);
            begin(which);
            long calls = stack.supabase().calls("rest.rpc.apply_usage");

            for (int i = 0; i < 20; i++) {
                assertThat(signInTime(key).status()).isEqualTo(200);
            }

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(outcomes("requests")).isEqualTo(20));
            if (which != RedisFault.SLOW) {
                assertThat(stack.supabase().calls("rest.rpc.apply_usage") - calls)
                        .isBetween(1L, 20L);
            }
        }

        @Test
        void isTold() {
            begin(RedisFault.FROZEN);

            Answer health = stack.health();

            assertThat(health.status()).isEqualTo(200);
            assertThat(health.json().path("status").asString()).isEqualTo("DEGRADED");
            assertThat(health.json().at("/components/redis/status").asString()).isEqualTo("DEGRADED");
            assertThat(health.json().at("/components/database/status").asString())
                    .isEqualTo("UP");
        }

        /** The verdict in Redis was yes, the grant is gone, and this instance never saw the bucket. */
        @Test
        void whatRedisMayHaveChargedForARefusedRequestIsGivenBack() {
            user = "33333333-3333-4333-8333-333333333333";
            stack.user(user, 10);
            stack.supabase().createBucket("other");
            stack.grant(user, "other");
            stack.database()
                    .execute("create policy theirs on storage.objects for insert to authenticated"
                            + " with check (name like auth.uid() || '/%')");
            String token = "Bearer " + stack.supabase().accessToken(user, null);
            assertThat(stack.sign(Map.of("Authorization", token), user + "/1.png", Stack.BUCKET)
                            .status())
                    .isEqualTo(200);
            try (Edge fresh = Edge.start(stack.redis(), stack.supabase(), "sluice.redis.timeout", "500ms")) {
                awaitNoMoreFences(stack.edge(), fresh);
                sign(fresh, "Authorization", token, user + "/2.png", "other")
                        .expectStatus()
                        .isOk();
                stack.database().update("delete from bucket_grants where user_id = ?", user);
                begin(RedisFault.FROZEN);

                sign(fresh, "Authorization", token, user + "/3.png", Stack.BUCKET)
                        .expectStatus()
                        .isForbidden();

                end();
                await().atMost(SOON)
                        .untilAsserted(() -> assertThat(stack.database()
                                        .number(
                                                "select count(*) from usage_events where user_id = ? and kind = 'charge'",
                                                user))
                                .as("the thawed Redis made the charge")
                                .isEqualTo(3));
                assertCharged(2);
            }
        }
    }

    /** A ledger under an older fence is not charged but loaded. */
    private static void awaitNoMoreFences(Edge... edges) {
        await().atMost(SOON)
                .until(() -> Stream.of(edges)
                        .map(edge -> edge.bean(Fences.class))
                        .noneMatch(fences ->
                                IntStream.range(0, KeySpace.PARTITIONS).anyMatch(fences::isDue)));
    }

    @Nested
    class RedisAndTheDatabaseAreAway {

        private void begin() {
            stack.redis().freeze();
            stack.supabase().faults().status("rest", 503, AWAY);
        }

        @Test
        void theRateIsTheMemoryGuards() {
            stack.user(user, 10);
            String key = stack.supabase().createApiKey(user, "tight");
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin();

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).code()).isEqualTo("RATE_LIMIT_MEMORY");
        }

        @Test
        void theQuotaIsAPolicyAndItsChargesAreKept() {
            String key = stack.user(user, 2);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertCharged(1);
            begin();

            for (int i = 0; i < 3; i++) {
                assertUploads(signInTime(key));
            }

            stack.redis().thaw();
            stack.supabase().faults().clear();
            assertCharged(4);
            await().atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(outcomes("requests - failures")).isEqualTo(4));
            assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");
        }

        @Test
        void whatPolicyAdmitsCountsAlthoughTheDatabaseRefusedItUnheard() {
            String key = stack.user(user, 1);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertCharged(1);
            stack.redis().freeze();
            stack.supabase().faults().withholdAnswer("rest.rpc.reserve_quota");

            assertUploads(signInTime(key));

            assertThat(stack.database()
                            .number("select count(*) from usage_events where user_id = ? and code = 'VOID'", user))
                    .isEqualTo(1);
            stack.redis().thaw();
            stack.supabase().faults().clear();
            assertCharged(2);
        }

        @Test
        void aQuotaWhosePolicyIsDenyIsRefusedAndNothingCharged() {
            String key = stack.user(user, 10);
            try (Edge strict = Edge.start(
                    stack.redis(),
                    stack.supabase(),
                    "sluice.redis.timeout",
                    "500ms",
                    "sluice.quota.on-failure",
                    "deny")) {
                sign(strict, key).expectStatus().isOk();
                begin();

                sign(strict, key)
                        .expectStatus()
                        .isEqualTo(503)
                        .expectHeader()
                        .exists("Retry-After")
                        .expectBody()
                        .jsonPath("$.code")
                        .isEqualTo("ACCESS_CHECK_UNAVAILABLE");

                stack.redis().thaw();
                stack.supabase().faults().clear();
                assertCharged(1);
            }
        }

        @Test
        void theBucketIsTheLastVerdictSeenElseDenied() {
            String key = stack.user(user, 10);
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin();

            assertThat(signInTime(key).status()).isEqualTo(200);
            Answer unseen = signInTime(key, "unseen");

            assertThat(unseen.status()).isEqualTo(503);
            assertThat(unseen.code()).isEqualTo("ACCESS_CHECK_UNAVAILABLE");
            assertThat(unseen.header("Retry-After")).isNotEmpty();
            stack.redis().thaw();
            stack.supabase().faults().clear();
            assertCharged(2);
        }

        @Test
        void whoWasNeverSeenIsNobodyAndNotRefusedForIt() {
            begin();

            Answer answer = signInTime("sk_sluice_of_somebody_else");

            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.code()).isEqualTo("IDENTITY_UNAVAILABLE");
        }
    }

    @Nested
    class TheDatabaseIsAway {

        private void begin(String how) {
            switch (how) {
                case "fails" -> stack.supabase().faults().status("rest", 500, AWAY);
                case "hangs" -> stack.supabase().faults().hang("rest");
                case "is read-only" -> stack.supabase().faults().status("rest", 405, READ_ONLY);
                case "answers nothing" -> stack.supabase().faults().status("rest", 200, "null");
                default -> stack.supabase().faults().refuse("rest");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"fails", "hangs", "refuses", "is read-only", "answers nothing"})
        void redisDecidesForKnownUsersAndTheStreamWaits(String how) {
            String key = stack.user(user, 4);
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin(how);

            for (int i = 0; i < 3; i++) {
                assertUploads(signInTime(key));
            }
            assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");

            assertThat(stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(user))))
                    .isPositive();
            stack.supabase().faults().clear();
            assertCharged(4);
        }

        @Test
        void theRateIsOfRedis() {
            stack.user(user, 100);
            String key = stack.supabase().createApiKey(user, "few");
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin("fails");

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).code()).isEqualTo("RATE_LIMIT_REDIS");
        }

        @Test
        void anUnknownUserIsLetInByPolicyAndChargedAsPending() {
            String key = stack.user(user, 2);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertCharged(1);
            stack.redis().client().del(KeySpace.quota(user));
            begin("fails");

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).status()).isEqualTo(200);

            assertThat(stack.redis().client().hget(KeySpace.quota(user), "pending"))
                    .isEqualTo("2");
            stack.supabase().faults().clear();
            assertCharged(3);
            assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");
        }

        @ParameterizedTest
        @ValueSource(strings = {"fails", "answers nothing"})
        void theBucketIsTheCachedVerdictElseDenied(String how) {
            String key = stack.user(user, 10);
            assertThat(signInTime(key).status()).isEqualTo(200);
            begin(how);

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key, "unseen").code()).isEqualTo("ACCESS_CHECK_UNAVAILABLE");
            stack.supabase().faults().clear();
            assertCharged(2);
        }
    }

    @Nested
    class StorageIsAway {

        @Test
        void whatItBreaksIsGivenBackAndRecordedAsAFailure() {
            String key = stack.user(user, 2);
            stack.supabase().faults().status("storage", 500, "{}");

            Answer broken = signInTime(key);

            assertRefused(broken, 502);
            stack.supabase().faults().clear();
            assertCharged(0);
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(outcomes("failures")).isEqualTo(1));
        }

        @Test
        void whatItDoesNotAnswerInTimeIsGivenBack() {
            String key = stack.user(user, 2);
            stack.supabase().faults().hang("storage");

            Answer late = signInTime(key);

            assertRefused(late, 504);
            assertCharged(0);
        }

        @Test
        void whileItsCircuitIsOpenItIsNotAsked() {
            String key = stack.user(user, 100);
            stack.supabase().faults().status("storage", 500, "{}");
            await().atMost(SOON).until(() -> signInTime(key).status() == 503);
            long asked = stack.supabase().calls("storage");

            Answer open = signInTime(key);

            assertRefused(open, 503);
            assertThat(stack.supabase().calls("storage")).isEqualTo(asked);
            assertCharged(0);
        }

        private void assertRefused(Answer answer, int status) {
            assertThat(answer.status()).as(answer.body()).isEqualTo(status);
            assertThat(answer.code()).isEqualTo("SUPABASE_ERROR");
            assertThat(answer.header("Retry-After")).isNotEmpty();
        }
    }

    @Nested
    class RedisIsEmptied {

        @Test
        void everythingIsLoadedAgain() {
            String key = stack.user(user, 3);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertCharged(1);

            stack.redis().flushAll();

            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).status()).isEqualTo(200);
            assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");
            assertCharged(3);
        }

        @Test
        void theRateStartsEmpty() {
            stack.user(user, 100);
            String key = stack.supabase().createApiKey(user, "few");
            for (int i = 0; i < 3; i++) {
                assertThat(signInTime(key).status()).isEqualTo(200);
            }

            stack.redis().flushAll();

            assertThat(signInTime(key).status()).isEqualTo(200);
        }
    }

    @Nested
    class AnInstanceIsKilled {

        @Test
        void theOthersGoOnAndClaimWhatItHadNotFinished() throws Exception {
            String key = stack.user(user, 3);
            try (EdgeProcess killed = EdgeProcess.start(stack.redis(), stack.supabase())) {
                killed.awaitReady();
                stack.supabase().faults().hang("rest.rpc.apply_usage");
                assertThat(sign(killed, key)).isEqualTo(200);
                assertThat(signInTime(key).status()).isEqualTo(200);

                killed.kill();
                stack.supabase().faults().clear();

                assertThat(signInTime(key).status()).isEqualTo(200);
                assertThat(signInTime(key).code()).isEqualTo("QUOTA_EXCEEDED");
                assertCharged(3);
            }
        }

        private static int sign(EdgeProcess edge, String key) throws Exception {
            return HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(edge.url() + "/v1/supabase/signed-url"))
                                    .header("Content-Type", "application/json")
                                    .header("X-API-Key", key)
                                    .POST(BodyPublishers.ofString(body("killed.png", Stack.BUCKET)))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private static WebTestClient.ResponseSpec sign(Edge edge, String key) {
        return sign(edge, "X-API-Key", key, System.nanoTime() + ".png", Stack.BUCKET);
    }

    private static WebTestClient.ResponseSpec sign(
            Edge edge, String header, String value, String filename, String bucket) {
        return edge.client()
                .post()
                .uri("/v1/supabase/signed-url")
                .header(header, value)
                .header("Content-Type", "application/json")
                .bodyValue(body(filename, bucket))
                .exchange();
    }

    private static String body(String filename, String bucket) {
        return "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + bucket
                + "\"}";
    }
}
