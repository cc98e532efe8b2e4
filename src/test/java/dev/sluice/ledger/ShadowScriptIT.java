package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.ShadowVerdict.Denied;
import dev.sluice.ledger.ShadowVerdict.Exceeded;
import dev.sluice.ledger.ShadowVerdict.Failed;
import dev.sluice.ledger.ShadowVerdict.Passes;
import dev.sluice.ledger.ShadowVerdict.Unknown;
import dev.sluice.operation.Rate;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.UserKeys;
import dev.sluice.testkit.Redis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** What the admission's script says of shadows, and that it does nothing else for them. At a time that the test moves. */
class ShadowScriptIT {

    private static final String CLOCK = "clock";
    private static final String USER = "alice";
    private static final String QUOTA = KeySpace.quota(USER);
    private static final long START = 1_800_000_000_123L;
    private static final Verdicts GRANTED = new Verdicts("photos", true, true);
    private static final BucketCheck WRITE = new BucketCheck("photos", 'w', null);
    private static final List<RateCheck> WIDE = List.of(check("1000000/1m"));

    private static final AtomicInteger IDS = new AtomicInteger();

    private static Redis redis;
    private static LedgerClient instance;
    private static Ledger ledger;

    @BeforeAll
    static void start() {
        redis = Redis.start();
        instance = new LedgerClient(redis);
        ledger = new Ledger(
                instance.connection, instance.fences, LedgerClient.SETTINGS, MovedScripts.atTimeOf(redis, CLOCK));
    }

    @AfterAll
    static void stop() {
        instance.close();
        redis.close();
    }

    @BeforeEach
    void empty() {
        redis.flushAll();
        moveTo(START);
    }

    @Test
    void countsForManyCallersWhatTheCandidateWouldHaveAdmitted() {
        ShadowCheck candidate = rates("300/1m");

        List<ShadowVerdict> verdicts = requireNonNull(Flux.range(0, 1_000)
                .flatMap(i -> ledger.admit(request(WIDE, null, List.of(), candidate)), 64)
                .map(reply -> ((Admitted) reply).shadows().get(0))
                .collectList()
                .block(Duration.ofSeconds(60)));

        assertThat(verdicts).filteredOn(Passes.class::isInstance).hasSize(300);
        assertThat(verdicts).filteredOn(Exceeded.class::isInstance).hasSize(700).allSatisfy(over -> {
            assertThat(((Exceeded) over).current()).isEqualTo(300);
            assertThat(((Exceeded) over).limit()).isEqualTo(300);
            assertThat(((Exceeded) over).resetMillis()).isBetween(1L, 63_000L);
        });
        assertThat(used(KeySpace.rate(USER, "upload", 60))).isEqualTo(1_000);
        assertThat(used(UserKeys.of(USER).shadowRate("upload", 60, "300/60"))).isEqualTo(300);
    }

    @Test
    void countsTheWindowsOfACandidateTogetherAndApartFromAllOthers() {
        ShadowCheck both = rates("2/1s", "5/1m");
        ShadowCheck other = rates("3/1s", "5/1m");
        for (int second = 0; second < 4; second++) {
            moveTo(START + second * 2_000L);
            for (int i = 0; i < 3; i++) {
                ledger.admit(request(WIDE, null, List.of(), both, other)).block();
            }
        }

        assertThat(used(UserKeys.of(USER).shadowRate("upload", 60, "2/1+5/60"))).isEqualTo(5);
        assertThat(used(UserKeys.of(USER).shadowRate("upload", 60, "3/1+5/60"))).isEqualTo(5);
        assertThat(used(KeySpace.rate(USER, "upload", 60))).isEqualTo(12);
        assertThat(redis.client().keys("sluice:shadow:*"))
                .hasSize(4)
                .allSatisfy(key -> assertThat(redis.client().pttl(key)).isPositive());

        moveTo(START + 6_000 + 63_000);
        assertThat(shadows(request(WIDE, null, List.of(), both, other)))
                .hasSize(2)
                .allMatch(Passes.class::isInstance);
    }

    @Test
    void leavesEverythingElseAsItIsWithoutThem() {
        ShadowCheck[] all = {
            rates("1/1m"), new ShadowCheck.Quota(false, 1, 0L, null), new ShadowCheck.Buckets(List.of(WRITE), false)
        };
        List<String> without = after(new ShadowCheck[0]);
        List<String> with = after(all);

        assertThat(with).isEqualTo(without);
    }

    /** What is left of admissions up to the quota's end, and what the last of them were answered. */
    private List<String> after(ShadowCheck... shadows) {
        empty();
        IDS.set(0);
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            AdmitReply reply = admitted(request(WIDE, charge(2), List.of(WRITE), shadows), row(0, 6L));
            seen.add(reply.getClass() + " "
                    + ((AdmitReply.Decided) reply).rates().get(0).current());
        }
        Map<String, String> hash = redis.client().hgetall(QUOTA);
        hash.remove("incarnation");
        seen.add(hash.toString());
        seen.add(redis.client().hgetall(KeySpace.rate(USER, "upload", 60)).toString());
        seen.add("" + redis.client().xlen(KeySpace.usage(KeySpace.partition(USER))));
        return seen;
    }

    @Test
    void judgesAQuotaByTheLedgerAsItIsAndChargesNothing() {
        QuotaRow row = new QuotaRow(USER, 3, 10L, 50, 100L, null, 1);
        Admitted first = (Admitted) admitted(request(List.of(), charge(2), List.of()), row);
        assertThat(first.shadows()).isEmpty();
        Map<String, String> before = redis.client().hgetall(QUOTA);

        assertThat(shadows(request(
                        List.of(),
                        null,
                        List.of(),
                        quota(false, 5, null),
                        quota(false, 6, null),
                        quota(false, 1, 5L),
                        quota(false, 0, 0L),
                        quota(true, 50, null),
                        quota(true, 51, null),
                        quota(true, 51, 101L))))
                .containsExactly(
                        new Passes(),
                        new Exceeded(5, 10, null),
                        new Exceeded(5, 5, null),
                        new Passes(),
                        new Passes(),
                        new Exceeded(50, 100, null),
                        new Passes());
        assertThat(redis.client().hgetall(QUOTA)).isEqualTo(before);
        assertThat(redis.client().xlen(KeySpace.usage(KeySpace.partition(USER))))
                .isEqualTo(1);
    }

    @Test
    void judgesBytesOfAUserWhoHasNone() {
        admitted(request(List.of(), charge(1), List.of()), row(0, 10L));

        assertThat(shadows(request(List.of(), null, List.of(), quota(true, 10, 9L), quota(true, 10, 10L))))
                .containsExactly(new Exceeded(0, 9, null), new Passes());
    }

    @Test
    void judgesAQuotaBeforeTheRequestThatItRidesWithIsCharged() {
        admitted(request(List.of(), charge(1), List.of()), row(0, 10L));

        Admitted second = (Admitted) admitted(
                request(List.of(), charge(1), List.of(), quota(false, 1, 2L), quota(false, 1, 1L)), row(0, 10L));

        assertThat(second.shadows()).containsExactly(new Passes(), new Exceeded(1, 1, null));
        assertThat(redis.client().hget(QUOTA, "pending")).isEqualTo("2");
    }

    @Test
    void judgesNoQuotaForARepetitionThatHasPaid() {
        String id = "event-again";
        Charge repeatable = new Charge(id, "{}", 1, 0, null, Duration.ofHours(1));
        admitted(request(List.of(), repeatable, List.of()), row(0, 1L));

        assertThat(shadows(request(List.of(), repeatable, List.of(), quota(false, 1, null))))
                .containsExactly(new Passes());
    }

    @Test
    void saysWhatIsUnknownAndWaitsForItWithAStub() {
        AdmitRequest request = request(
                List.of(),
                null,
                List.of(),
                quota(false, 1, 1L),
                new ShadowCheck.Buckets(List.of(new BucketCheck("other", 'r', null), WRITE), false));

        List<ShadowVerdict> verdicts = shadows(request);

        assertThat(verdicts.get(0)).isInstanceOfSatisfying(Unknown.class, missing -> {
            assertThat(missing.incarnation()).isEqualTo(redis.client().hget(QUOTA, "incarnation"));
            assertThat(missing.buckets()).isEmpty();
        });
        assertThat(verdicts.get(1))
                .isInstanceOfSatisfying(
                        Unknown.class, missing -> assertThat(missing.buckets()).containsExactly(0, 1));
        assertThat(redis.client().pttl(QUOTA)).isBetween(1L, 10_000L);

        Unknown ledgerFacts = (Unknown) verdicts.get(0);
        AdmitReply.Load seen = new AdmitReply.Load(ledgerFacts.incarnation(), ledgerFacts.fence(), true, List.of());
        ledger.load(USER, seen, row(1, 5L), GRANTED).block();
        ledger.load(
                        USER,
                        new AdmitReply.Load("", ledgerFacts.fence(), false, List.of(0)),
                        null,
                        new Verdicts("other", false, true))
                .block();
        assertThat(shadows(request.with(FactsMode.HELD))).containsExactly(new Exceeded(1, 1, null), new Denied(0));
    }

    @Test
    void isContentWithAnyBucketWhereTheRequestWouldBe() {
        List<BucketCheck> two = List.of(WRITE, new BucketCheck("other", 'r', null));
        redis.client().set(KeySpace.bucket(USER, "photos", 'w'), "0");
        redis.client().set(KeySpace.bucket(USER, "other", 'r'), "1");

        assertThat(shadows(request(
                        List.of(),
                        null,
                        List.of(),
                        new ShadowCheck.Buckets(two, true),
                        new ShadowCheck.Buckets(two, false),
                        new ShadowCheck.Buckets(List.of(WRITE), true))))
                .containsExactly(new Passes(), new Denied(0), new Denied(0));
    }

    @Test
    void judgesNothingOfARequestThatIsRefused() {
        List<RateCheck> one = List.of(check("1/1m"));
        ledger.admit(request(one, null, List.of(), rates("9/1m"))).block();

        assertThat(ledger.admit(request(one, null, List.of(), rates("9/1m"))).block())
                .isInstanceOf(AdmitReply.RateExceeded.class);
        assertThat(used(UserKeys.of(USER).shadowRate("upload", 60, "9/60"))).isEqualTo(1);
    }

    @Test
    void oneThatFailsFailsAloneAndTheRequestIsAdmitted() {
        redis.client().set(UserKeys.of(USER).shadowRate("upload", 60, "3/60"), "no hash");

        Admitted admitted =
                (Admitted) admitted(request(WIDE, charge(1), List.of(), rates("3/1m"), rates("4/1m")), row(0, 10L));

        assertThat(admitted.shadows()).containsExactly(new Failed(), new Passes());
        assertThat(redis.client().hget(QUOTA, "pending")).isEqualTo("1");
        assertThat(used(KeySpace.rate(USER, "upload", 60))).isEqualTo(1);
    }

    private static AdmitReply admitted(AdmitRequest request, QuotaRow row) {
        AdmitReply reply = requireNonNull(ledger.admit(request).block());
        if (reply instanceof AdmitReply.Load load) {
            ledger.load(USER, load, load.quota() ? row : null, load.verdict() ? GRANTED : null)
                    .block();
            return admitted(request.with(FactsMode.HELD), row);
        }
        return reply;
    }

    private static List<ShadowVerdict> shadows(AdmitRequest request) {
        return ((Admitted) requireNonNull(ledger.admit(request).block())).shadows();
    }

    private static AdmitRequest request(
            List<RateCheck> rates, @Nullable Charge charge, List<BucketCheck> buckets, ShadowCheck... shadows) {
        return new AdmitRequest(USER, rates, charge, buckets, false, null, FactsMode.ASK, List.of(shadows));
    }

    private static ShadowCheck rates(String... rates) {
        return new ShadowCheck.Rates(
                List.of(rates).stream().map(ShadowScriptIT::check).toList());
    }

    private static ShadowCheck quota(boolean bytes, long amount, @Nullable Long limit) {
        return new ShadowCheck.Quota(bytes, amount, limit, null);
    }

    private static RateCheck check(String rate) {
        return new RateCheck("upload", Rate.parse(rate), 1);
    }

    private static Charge charge(long amount) {
        return new Charge("event-" + IDS.incrementAndGet(), "{}", amount, 0, null);
    }

    private static QuotaRow row(long current, long limit) {
        return new QuotaRow(USER, current, limit, 0, null, null, 1);
    }

    private static long used(String window) {
        return redis.client().hgetall(window).entrySet().stream()
                .filter(bucket -> !bucket.getKey().startsWith("-"))
                .mapToLong(bucket -> Long.parseLong(bucket.getValue()))
                .sum();
    }

    private static void moveTo(long epochMillis) {
        redis.client().set(CLOCK, Long.toString(epochMillis));
    }
}
