package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitReply.BucketDenied;
import dev.sluice.ledger.AdmitReply.Load;
import dev.sluice.ledger.AdmitReply.QuotaExceeded;
import dev.sluice.ledger.AdmitReply.RateExceeded;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.operation.Rate;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.RedisData;
import dev.sluice.testkit.RedisKind;
import io.lettuce.core.Consumer;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;

@ParameterizedClass
@EnumSource(RedisKind.class)
class LedgerIT {

    private static final long MOST = (1L << 53) - 1;
    private static final String USER = "alice";
    private static final String QUOTA = KeySpace.quota(USER);
    private static final String STREAM = KeySpace.usage(KeySpace.partition(USER));
    private static final Verdicts GRANTED = new Verdicts("photos", true, true);
    private static final Verdicts DENIED = new Verdicts("photos", false, false);
    private static final BucketCheck WRITE = new BucketCheck("photos", 'w', null);
    private static final List<RateCheck> WIDE = List.of(
            new RateCheck("upload", Rate.parse("1000000/1m"), 1), new RateCheck("upload", Rate.parse("1000000/1h"), 1));

    private static final AtomicInteger ids = new AtomicInteger();

    private static RedisData redis;
    private static LedgerClient instance;

    /** @param kind which {@link #start} is given; JUnit wants it to be asked for here */
    LedgerIT(RedisKind kind) {}

    @BeforeParameterizedClassInvocation
    static void start(RedisKind kind) {
        redis = kind.start();
        instance = new LedgerClient(redis);
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        instance.close();
        redis.close();
    }

    @BeforeEach
    void empty() {
        redis.flushAll();
    }

    @Test
    void admitsExactlyTheLimitAcrossInstances() {
        assertThat(admittedByThreeInstances(row(0, 400L, null), 0)).isEqualTo(400);
        assertThat(hash("pending")).isEqualTo("400");
        assertThat(client().xlen(STREAM)).isEqualTo(400);
    }

    @Test
    void admitsExactlyTheLimitOfBytesAcrossInstances() {
        assertThat(admittedByThreeInstances(row(0, 100_000L, 2_806L), 7)).isEqualTo(400);
        assertThat(hash("bytesPending")).isEqualTo("2800");
    }

    private static int admittedByThreeInstances(QuotaRow row, long bytes) {
        AtomicInteger admitted = new AtomicInteger();
        try (LedgerClient second = new LedgerClient(redis);
                LedgerClient third = new LedgerClient(redis)) {
            Flux.just(instance, second, third)
                    .flatMap(one -> Flux.range(0, 256)
                            .flatMap(i -> one.admit(request(WIDE, charge(1, bytes), WRITE), row, GRANTED), 64))
                    .doOnNext(reply -> {
                        if (reply instanceof Admitted) {
                            admitted.incrementAndGet();
                        }
                    })
                    .blockLast(Duration.ofSeconds(60));
        }
        return admitted.get();
    }

    @Test
    void countsNothingWhenTheQuotaRefuses() {
        admit(request(WIDE, charge(1, 5), WRITE), row(0, 1L, null), GRANTED);
        List<String> before = dump();

        AdmitReply reply = admit(request(WIDE, charge(1, 5), WRITE), row(0, 1L, null), GRANTED);

        assertThat(reply).isInstanceOfSatisfying(QuotaExceeded.class, refused -> {
            assertThat(refused.unit()).isEqualTo("requests");
            assertThat(refused.used()).isEqualTo(1);
            assertThat(refused.limit()).isEqualTo(1);
            assertThat(refused.resetMillis()).isNull();
            assertThat(refused.rates()).extracting(RateState::current).containsExactly(1L, 1L);
        });
        assertThat(dump()).isEqualTo(before);
    }

    @Test
    void countsNothingWhenTheBytesDoNotFit() {
        QuotaRow row = row(0, 10L, 100L);
        admit(request(WIDE, charge(1, 60), WRITE), row, GRANTED);
        List<String> before = dump();

        assertThat(admit(request(WIDE, charge(1, 41), WRITE), row, GRANTED))
                .isInstanceOfSatisfying(QuotaExceeded.class, refused -> {
                    assertThat(refused.unit()).isEqualTo("bytes");
                    assertThat(refused.used()).isEqualTo(60);
                    assertThat(refused.limit()).isEqualTo(100);
                });
        assertThat(dump()).isEqualTo(before);
        assertThat(admit(request(WIDE, charge(1, 40), WRITE), row, GRANTED)).isInstanceOf(Admitted.class);
    }

    @Test
    void countsNothingWhenTheBucketIsDenied() {
        admit(request(WIDE, charge(1, 5), null), row(0, 9L, null), DENIED);
        admit(request(WIDE, charge(1, 5), WRITE), row(0, 9L, null), DENIED);
        List<String> before = dump();

        assertThat(admit(request(WIDE, charge(1, 5), WRITE), row(0, 9L, null), DENIED))
                .isInstanceOf(BucketDenied.class);
        assertThat(dump()).isEqualTo(before);
        assertThat(hash("pending")).isEqualTo("1");
    }

    @Test
    void judgesSeveralBucketsTogether() {
        List<BucketCheck> three =
                List.of(WRITE, new BucketCheck("locked", 'w', false), new BucketCheck("unknown", 'w', null));
        AdmitRequest all = new AdmitRequest(USER, List.of(), charge(1, 0), three, false, FactsMode.ASK);
        Load load = asked(instance, all);
        assertThat(load.verdicts()).containsExactly(0, 2);
        instance.ledger.load(USER, load, row(0, 9L, null), GRANTED).block();
        Load second = asked(instance, all);
        assertThat(second.verdicts()).containsExactly(2);
        instance.ledger
                .load(USER, second.verdictsOnly(), null, new Verdicts("unknown", true, true))
                .block();
        List<String> before = dump();

        assertThat(instance.ledger.admit(all).block())
                .isInstanceOfSatisfying(
                        BucketDenied.class,
                        denied -> assertThat(denied.bucket()).isEqualTo(1));
        assertThat(dump()).isEqualTo(before);

        AdmitRequest any = new AdmitRequest(USER, WIDE, charge(1, 0), three, true, FactsMode.ASK);
        assertThat(instance.ledger.admit(any).block()).isInstanceOfSatisfying(Admitted.class, admitted -> {
            assertThat(admitted.verdicts()).containsExactly(true, false, true);
            assertThat(admitted.rates()).hasSize(2);
        });
        AdmitRequest none = any.with(List.of(new BucketCheck("locked", 'w', false)));
        assertThat(instance.ledger.admit(none).block()).isInstanceOf(BucketDenied.class);
        assertThat(hash("pending")).isEqualTo("1");
    }

    @Test
    void countsNothingInAnyWindowWhenOneRefuses() {
        List<RateCheck> tight = List.of(
                new RateCheck("upload", Rate.parse("100/1h"), 2), new RateCheck("upload", Rate.parse("3/1d"), 2));
        admit(request(tight, charge(1, 5), WRITE), row(0, 9L, null), GRANTED);
        List<String> before = dump();

        assertThat(admit(request(tight, charge(1, 5), WRITE), row(0, 9L, null), GRANTED))
                .isInstanceOfSatisfying(RateExceeded.class, refused -> {
                    assertThat(refused.window()).isEqualTo(1);
                    assertThat(refused.rates()).extracting(RateState::current).containsExactly(2L, 2L);
                });
        assertThat(dump()).isEqualTo(before);
    }

    @Test
    void tellsTheRateBeforeTheQuotaBeforeTheBucket() {
        List<RateCheck> one = List.of(new RateCheck("upload", Rate.parse("1/1h"), 1));
        QuotaRow spent = row(1, 1L, null);
        admit(request(one, null, null), spent, DENIED);

        assertThat(admit(request(one, charge(1, 0), WRITE), spent, DENIED)).isInstanceOf(RateExceeded.class);
        assertThat(admit(request(WIDE, charge(1, 0), WRITE), spent, DENIED)).isInstanceOf(QuotaExceeded.class);
        assertThat(admit(request(WIDE, null, WRITE), spent, DENIED)).isInstanceOf(BucketDenied.class);
    }

    @Test
    void asksForNoVerdictWhenTheQuotaIsSpent() {
        admit(request(List.of(), charge(1, 0), null), row(1, 1L, null), DENIED);

        assertThat(instance.ledger
                        .admit(request(List.of(), charge(1, 0), WRITE))
                        .block())
                .isInstanceOf(QuotaExceeded.class);
    }

    @Test
    void asksForEverythingThatIsMissingAtOnce() {
        assertThat(instance.ledger.admit(request(WIDE, charge(1, 0), WRITE)).block())
                .isInstanceOfSatisfying(Load.class, load -> {
                    assertThat(load.quota()).isTrue();
                    assertThat(load.verdict()).isTrue();
                });
    }

    @Test
    void storesNoVerdictThatTheDatabaseWasAskedForBeforeTheFence() {
        Load seen = asked(instance, request(List.of(), null, WRITE));
        Fences fences = instance.fences;
        fences.mark(KeySpace.partition(USER));
        instance.ledger.fence(KeySpace.partition(USER)).block();

        instance.ledger.load(USER, seen, null, GRANTED).block();
        assertThat(client().keys("*:bucket:*")).isEmpty();

        instance.ledger
                .load(USER, asked(instance, request(List.of(), null, WRITE)), null, DENIED)
                .block();
        assertThat(client().get(KeySpace.bucket(USER, WRITE.bucket(), 'w'))).isEqualTo("0");
    }

    @Test
    void keepsAStubForTenSecondsUnlessItIsCharged() {
        instance.ledger.admit(request(List.of(), charge(1, 0), null)).block();
        assertThat(client().pttl(QUOTA)).isBetween(1L, 10_000L);
        assertThat(hash("stub")).isEqualTo("1");

        assertThat(instance.ledger
                        .admit(request(List.of(), charge(1, 0), null).with(FactsMode.KNOWN))
                        .block())
                .isInstanceOf(Load.class);
        assertThat(instance.ledger
                        .admit(request(List.of(), charge(1, 0), null).with(FactsMode.TRUST))
                        .block())
                .isInstanceOf(Admitted.class);
        assertThat(client().pttl(QUOTA)).isEqualTo(-1);

        settleAll(row(1, 5L, null));
        assertThat(hash("pending")).isEqualTo("0");
        assertThat(hash("stub")).isEqualTo("1");
        assertThat(client().pttl(QUOTA)).isBetween(1L, 10_000L);
    }

    @Test
    void keepsALedgerFiveMinutesWhenNothingIsPending() {
        Load seen = asked(instance, request(List.of(), charge(1, 0), null));
        instance.ledger.load(USER, seen, row(0, 5L, null), null).block();
        assertThat(client().pttl(QUOTA)).isBetween(290_000L, 300_000L);

        admit(request(List.of(), charge(1, 0), null), row(0, 5L, null), GRANTED);
        assertThat(client().pttl(QUOTA)).isEqualTo(-1);

        settleAll(row(1, 5L, null));
        assertThat(client().pttl(QUOTA)).isBetween(290_000L, 300_000L);
        assertThat(hash("pending")).isEqualTo("0");
        assertThat(hash("bytesPending")).isNull();
        assertThat(client().xlen(STREAM)).isZero();
    }

    @Test
    void keepsALedgerWhileOnlyBytesArePending() {
        admit(request(List.of(), charge(0, 3), null), row(0, 5L, null), GRANTED);
        assertThat(client().pttl(QUOTA)).isEqualTo(-1);

        settleAll(row(0, 5L, null));
        assertThat(client().pttl(QUOTA)).isBetween(290_000L, 300_000L);
    }

    @Test
    void keepsNoLedgerForEverThatWasChargedNothing() {
        admit(request(List.of(), charge(0, 0), null), row(0, 5L, null), GRANTED);

        assertThat(client().pttl(QUOTA)).isBetween(290_000L, 300_000L);
        assertThat(client().xlen(STREAM)).isEqualTo(1);

        client().pexpire(QUOTA, 60_000);
        admit(request(List.of(), charge(0, 0), null), row(0, 5L, null), GRANTED);
        assertThat(client().pttl(QUOTA)).isBetween(290_000L, 300_000L);
    }

    @Test
    void keepsALedgerWithBytesPendingThatIsThenChargedNothing() {
        admit(request(List.of(), charge(0, 3), null), row(0, 5L, null), GRANTED);
        admit(request(List.of(), charge(0, 0), null), row(0, 5L, null), GRANTED);

        assertThat(client().pttl(QUOTA)).isEqualTo(-1);
    }

    @Test
    void givesEachRateWindowAnExpiry() {
        List<RateCheck> windows = List.of(
                new RateCheck("upload", Rate.parse("10/1s"), 1),
                new RateCheck("upload", Rate.parse("10/1m"), 3),
                new RateCheck("upload", Rate.parse("10/31d"), 1));
        for (int i = 0; i < 5; i++) {
            admit(request(windows, charge(1, 0), WRITE), row(0, 4L, null), GRANTED);
            List<String> keys = client().keys("*:rl:*");
            assertThat(keys).hasSizeBetween(2, 3);
            assertThat(keys).allSatisfy(key -> assertThat(client().pttl(key)).isPositive());
        }
    }

    @Test
    void sharesNothingBetweenUsersWhoseNamesOverlap() {
        QuotaRow row = row(0, 1L, null);
        List<RateCheck> one = List.of(new RateCheck("upload", Rate.parse("1/1h"), 1));
        for (String user : List.of("a", "a:b", "a:b:upload", "a%3Ab", "{a}", "}a", "a b", "ä", "*")) {
            assertThat(instance.admit(
                                    new AdmitRequest(user, one, charge(1, 0), List.of(WRITE), false, FactsMode.ASK),
                                    row,
                                    GRANTED)
                            .block())
                    .as(user)
                    .isInstanceOf(Admitted.class);
            assertThat(client().hget(KeySpace.quota(user), "pending")).isEqualTo("1");
        }
    }

    @Test
    void countsToTheLargestExactInteger() {
        QuotaRow row = row(MOST - 2, Long.MAX_VALUE, null);
        assertThat(admit(request(List.of(), charge(1, MOST - 1), null), row, GRANTED))
                .isInstanceOf(Admitted.class);
        assertThat(admit(request(List.of(), charge(2, 1), null), row, GRANTED)).isInstanceOf(QuotaExceeded.class);
        assertThat(admit(request(List.of(), charge(1, 2), null), row, GRANTED))
                .isInstanceOfSatisfying(
                        QuotaExceeded.class,
                        refused -> assertThat(refused.unit()).isEqualTo("bytes"));
        assertThat(admit(request(List.of(), charge(1, 1), null), row, GRANTED)).isInstanceOf(Admitted.class);
        assertThat(admit(request(List.of(), charge(1, 0), null), row, GRANTED))
                .isInstanceOfSatisfying(QuotaExceeded.class, refused -> {
                    assertThat(refused.used()).isEqualTo(MOST);
                    assertThat(refused.limit()).isEqualTo(Long.MAX_VALUE);
                });
        assertThat(hash("pending")).isEqualTo("2");
        assertThat(hash("bytesPending")).isEqualTo(Long.toString(MOST));

        settleAll(new QuotaRow(USER, MOST, Long.MAX_VALUE, MOST, null, null, 2));
        assertThat(hash("pending")).isEqualTo("0");
        assertThat(hash("bytesPending")).isEqualTo("0");
        assertThat(hash("base")).isEqualTo(Long.toString(MOST));
    }

    @Test
    void refusesUsersWithoutAnyLimitAndAppliesTheDefault() {
        Charge unlimited = new Charge(id(), "{}", 1, 0, null);
        assertThat(admit(request(List.of(), unlimited, null), QuotaRow.NONE, GRANTED))
                .isInstanceOf(QuotaExceeded.class);
        Charge ofOne = new Charge(id(), "{}", 1, 0, 1L);
        assertThat(admit(request(List.of(), ofOne, null), QuotaRow.NONE, GRANTED))
                .isInstanceOf(Admitted.class);
        assertThat(admit(request(List.of(), ofOne, null), QuotaRow.NONE, GRANTED))
                .isInstanceOf(QuotaExceeded.class);
    }

    @Test
    void loadsItsScriptsAgainWhereTheServerForgotThem() {
        admit(request(WIDE, charge(1, 0), WRITE), row(0, 9L, null), GRANTED);
        client().scriptFlush();
        assertThat(admit(request(WIDE, charge(1, 0), WRITE), row(0, 9L, null), GRANTED))
                .isInstanceOf(Admitted.class);
        assertThat(hash("pending")).isEqualTo("2");
    }

    @Test
    void readsTheFactsAgainUnderAnotherFence() {
        admit(request(List.of(), charge(1, 0), null), row(0, 9L, null), GRANTED);
        try (LedgerClient other = new LedgerClient(redis)) {
            assertThat(other.ledger
                            .admit(request(List.of(), charge(1, 0), null))
                            .block())
                    .isInstanceOf(Load.class);
            assertThat(instance.ledger
                            .admit(request(List.of(), charge(1, 0), null))
                            .block())
                    .as("for every instance")
                    .isInstanceOf(Load.class);
            assertThat(instance.ledger
                            .admit(request(List.of(), charge(1, 0), null).with(FactsMode.HELD))
                            .block())
                    .as("also when facts were read under the old one")
                    .isInstanceOf(Load.class);
        }
    }

    @Test
    void readsTheFactsAgainUnderAFenceThatCameBack() {
        try (LedgerClient other = new LedgerClient(redis)) {
            int partition = KeySpace.partition(USER);
            String lost = instance.fences.token(newEpoch(instance.fences, partition));
            String fenceKey = KeySpace.fence(partition);
            // The answer to the first installation is lost, so it is tried again after another instance's.
            evalFence(fenceKey, lost);
            String first = client().get(fenceKey);
            Load seen = asked(other, request(List.of(), charge(1, 0), null));
            evalFence(fenceKey, lost);
            String again = client().get(fenceKey);

            assertThat(seen.fence()).isNotIn(first, again);
            assertThat(again).isNotEqualTo(first);
            evalFence(fenceKey, lost);
            assertThat(client().get(fenceKey))
                    .as("but a mere repetition changes nothing")
                    .isEqualTo(again);
        }
    }

    private static long newEpoch(Fences fences, int partition) {
        fences.mark(partition);
        return fences.due(partition);
    }

    private static void evalFence(String key, String token) {
        instance.connection
                .eval(LedgerScripts.SHIPPED.fence(), new String[] {key}, token)
                .block();
    }

    @Test
    void refusesALoadForAnotherIncarnation() {
        Load seen = asked(instance, request(List.of(), charge(1, 0), null));
        client().del(QUOTA);
        assertThat(instance.ledger.load(USER, seen, row(0, 5L, null), null).block())
                .isFalse();
        assertThat(client().exists(QUOTA)).isZero();

        instance.ledger.admit(request(List.of(), charge(1, 0), null)).block();
        assertThat(instance.ledger.load(USER, seen, row(0, 5L, null), null).block())
                .isFalse();
        assertThat(hash("stub")).isEqualTo("1");
        assertThat(hash("version")).isNull();
    }

    @Test
    void takesOverOnlyNewerRows() {
        admit(request(List.of(), charge(1, 0), null), version(5, 3), GRANTED);
        assertThat(instance.ledger.takeover(USER, version(4, 9)).block()).isFalse();
        assertThat(instance.ledger.takeover(USER, version(5, 9)).block()).isFalse();
        assertThat(hash("base")).isEqualTo("3");
        assertThat(instance.ledger.takeover(USER, version(6, 9)).block()).isTrue();
        assertThat(hash("base")).isEqualTo("9");
        assertThat(hash("pending")).isEqualTo("1");
        assertThat(client().pttl(QUOTA)).isEqualTo(-1);

        assertThat(instance.ledger.takeover("nobody", version(6, 9)).block()).isFalse();
        assertThat(client().exists(KeySpace.quota("nobody"))).isZero();
    }

    @Test
    void keepsNoFieldForWhatAUserHasNothingOf() {
        admit(request(List.of(), charge(1, 0), null), version(1, 0), GRANTED);
        assertThat(client().hkeys(QUOTA))
                .containsExactlyInAnyOrder("incarnation", "fence", "version", "base", "pending", "limit");

        Instant end = Instant.now().plusSeconds(3600);
        assertThat(instance.ledger
                        .takeover(USER, new QuotaRow(USER, 2, null, 5, 20L, end, 2))
                        .block())
                .isTrue();
        assertThat(client().hgetall(QUOTA))
                .containsEntry("bytesBase", "5")
                .containsEntry("bytesLimit", "20")
                .containsEntry("periodEndsAt", Long.toString(end.toEpochMilli()))
                .doesNotContainKey("limit");
        assertThat(admit(request(List.of(), charge(0, 16), null), version(1, 0), GRANTED))
                .isInstanceOfSatisfying(QuotaExceeded.class, refused -> {
                    assertThat(refused.used()).isEqualTo(5);
                    assertThat(refused.limit()).isEqualTo(20);
                });

        assertThat(instance.ledger.takeover(USER, version(3, 2)).block()).isTrue();
        assertThat(client().hkeys(QUOTA))
                .containsExactlyInAnyOrder("incarnation", "fence", "version", "base", "pending", "limit");
        assertThat(instance.ledger.correct(USER, state(), version(3, 2)).block())
                .as("nothing differs")
                .isFalse();
        assertThat(instance.ledger
                        .correct(USER, state(), new QuotaRow(USER, 2, 100L, 5, null, null, 3))
                        .block())
                .as("of the same version, made anew with bytes")
                .isTrue();
        assertThat(state().bytesBase()).isEqualTo(5);
    }

    @Test
    void correctsOnlyWhatIsUnchangedSinceItWasRead() {
        admit(request(List.of(), charge(1, 0), null), version(5, 3), GRANTED);
        LedgerState seen = state();
        assertThat(instance.ledger.correct(USER, seen, version(5, 3)).block())
                .as("nothing differs")
                .isFalse();
        assertThat(instance.ledger.correct(USER, seen, version(2, 1)).block())
                .as("a row made anew")
                .isTrue();
        assertThat(hash("base")).isEqualTo("1");
        assertThat(hash("version")).isEqualTo("2");
        assertThat(hash("pending")).isEqualTo("1");
        assertThat(instance.ledger.correct(USER, seen, version(6, 7)).block())
                .as("changed since it was read")
                .isFalse();
        assertThat(instance.ledger.correct(USER, state(), version(2, 8)).block())
                .as("a row made anew that has come to the same version")
                .isTrue();
        assertThat(hash("base")).isEqualTo("8");
    }

    @Test
    void neverKeepsAnIdleLedgerAliveByCorrectingNothing() {
        Load seen = asked(instance, request(List.of(), charge(1, 0), null));
        instance.ledger.load(USER, seen, version(5, 3), null).block();
        client().pexpire(QUOTA, 1_000);

        instance.ledger.correct(USER, state(), version(5, 3)).block();

        assertThat(client().pttl(QUOTA)).isLessThanOrEqualTo(1_000);
    }

    @Test
    void lowersPendingOncePerCharge() {
        admit(request(List.of(), charge(2, 10), null), row(0, 9L, null), GRANTED);
        client().xadd(STREAM, "id", "x:r", "inc", hash("incarnation"), "period", "", "event", "{}");
        List<Entry> entries = readAll();
        List<Entry> refund = List.of(entries.get(1));
        List<Entry> charge = List.of(entries.get(0));
        Entry other = new Entry(
                entries.get(0).entryId(), id(), "charge", 2, 10, entries.get(0).incarnation());

        assertThat(instance.ledger.settle(USER, List.of(other), version(2, 2)).block())
                .as("another event under the entry's id")
                .isZero();
        assertThat(hash("pending")).isEqualTo("2");
        assertThat(instance.ledger.settle(USER, refund, version(2, 2)).block()).isEqualTo(1);
        assertThat(hash("pending")).isEqualTo("2");
        assertThat(instance.ledger.settle(USER, charge, version(2, 2)).block()).isEqualTo(1);
        assertThat(instance.ledger.settle(USER, charge, version(3, 2)).block())
                .as("settled before")
                .isZero();
        assertThat(hash("pending")).isEqualTo("0");
        assertThat(hash("bytesPending")).isEqualTo("0");
        assertThat(hash("version")).as("taken over all the same").isEqualTo("3");
    }

    /** As after a failover: the database has applied a charge, and its settlement died with the master. */
    @Test
    void refusesTooEarlyRatherThanTooLateUntilWhatTheDatabaseCountsIsSettled() {
        admit(request(List.of(), charge(3, 0), null), row(0, 5L, null), GRANTED);
        instance.ledger
                .takeover(USER, new QuotaRow(USER, 3, 5L, 0, null, null, 2))
                .block();
        assertThat(admit(request(List.of(), charge(1, 0), null), row(0, 5L, null), GRANTED))
                .isInstanceOfSatisfying(
                        QuotaExceeded.class,
                        refused ->
                                assertThat(refused.used()).as("counted twice").isEqualTo(6));

        settleAll(row(3, 5L, null));

        assertThat(admit(request(List.of(), charge(2, 0), null), row(0, 5L, null), GRANTED))
                .isInstanceOf(Admitted.class);
    }

    @Test
    void leavesPendingAloneForAChargeOfAnEarlierLedger() {
        admit(request(List.of(), charge(1, 0), null), row(0, 9L, null), GRANTED);
        List<Entry> charge = readAll();
        client().del(QUOTA);
        admit(request(List.of(), charge(1, 0), null), row(0, 9L, null), GRANTED);

        assertThat(instance.ledger.settle(USER, charge, version(2, 1)).block()).isEqualTo(1);
        assertThat(hash("pending")).isEqualTo("1");
        assertThat(hash("base")).isEqualTo("1");
    }

    @Test
    void readsTheFactsOfAnEndedPeriodOnceAndGoesOnUnderClockSkew() {
        Instant past = Instant.now().minusSeconds(60);
        QuotaRow ended = new QuotaRow(USER, 1, 5L, 0, null, past, 1);
        assertThat(admit(request(List.of(), charge(1, 0), null), ended, GRANTED))
                .isInstanceOfSatisfying(
                        Admitted.class,
                        admitted -> assertThat(admitted.periodEndsAt())
                                .isEqualTo(Instant.ofEpochMilli(past.toEpochMilli())));
        assertThat(instance.ledger.admit(request(List.of(), charge(1, 0), null)).block())
                .isInstanceOf(Load.class);
        assertThat(hash("pending")).isEqualTo("1");
    }

    // ---

    private static AdmitRequest request(List<RateCheck> rates, @Nullable Charge charge, @Nullable BucketCheck bucket) {
        return new AdmitRequest(
                USER, rates, charge, bucket == null ? List.of() : List.of(bucket), false, FactsMode.ASK);
    }

    private static Load asked(LedgerClient one, AdmitRequest request) {
        return (Load) requireNonNull(one.ledger.admit(request).block());
    }

    private static AdmitReply admit(AdmitRequest request, QuotaRow row, Verdicts verdicts) {
        return requireNonNull(instance.admit(request, row, verdicts).block());
    }

    private static Charge charge(long amount, long bytes) {
        String id = id();
        return new Charge(id, "{\"amount\":" + amount + ",\"bytes\":" + bytes + "}", amount, bytes, null);
    }

    private static String id() {
        return "event-" + ids.incrementAndGet();
    }

    private static QuotaRow row(long current, @Nullable Long limit, @Nullable Long bytesLimit) {
        return new QuotaRow(USER, current, limit, 0, bytesLimit, null, 1);
    }

    private static QuotaRow version(long version, long current) {
        return new QuotaRow(USER, current, 100L, 0, null, null, version);
    }

    private static RedisClusterCommands<String, String> client() {
        return redis.client();
    }

    private static @Nullable String hash(String field) {
        return client().hget(QUOTA, field);
    }

    private static LedgerState state() {
        return requireNonNull(LedgerState.read(client().hgetall(QUOTA)));
    }

    /** Everything that Redis holds, without what only says when it will be gone. */
    private static List<String> dump() {
        return client().keys("*").stream().sorted().map(LedgerIT::content).toList();
    }

    private static String content(String key) {
        return key + "="
                + switch (client().type(key)) {
                    case "hash" -> client().hgetall(key).toString();
                    case "stream" ->
                        client().xrange(key, Range.unbounded()).stream()
                                .map(StreamMessage::getId)
                                .toList();
                    default -> client().get(key);
                };
    }

    private static List<Entry> readAll() {
        client().xgroupCreate(
                        XReadArgs.StreamOffset.from(STREAM, "0"), KeySpace.GROUP, XGroupCreateArgs.Builder.mkstream());
        return client()
                .xreadgroup(Consumer.from(KeySpace.GROUP, "w"), XReadArgs.StreamOffset.lastConsumed(STREAM))
                .stream()
                .map(LedgerIT::entry)
                .toList();
    }

    private static Entry entry(StreamMessage<String, String> message) {
        Map<String, String> body = message.getBody();
        String id = requireNonNull(body.get("id"));
        String event = requireNonNull(body.get("event"));
        return new Entry(
                message.getId(),
                id,
                id.endsWith(":r") ? "refund" : "charge",
                number(event, "amount"),
                number(event, "bytes"),
                requireNonNull(body.get("inc")));
    }

    private static long number(String json, String field) {
        Matcher matcher = Pattern.compile("\"" + field + "\":(\\d+)").matcher(json);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 1;
    }

    private static void settleAll(QuotaRow row) {
        List<Entry> entries = readAll();
        assertThat(instance.ledger
                        .settle(
                                USER,
                                entries,
                                new QuotaRow(
                                        USER,
                                        row.current(),
                                        row.limit(),
                                        row.bytesCurrent(),
                                        row.bytesLimit(),
                                        null,
                                        2))
                        .block())
                .isEqualTo(entries.size());
    }
}
