package dev.sluice.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.operation.Rate;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisKind;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Each step of the ledger keeps to one slot, whatever a user is called and wherever the keys are. */
class LedgerClusterIT {

    private static final QuotaRow ROW = new QuotaRow(null, 0, 10L, 0, 100L, null, 1);
    private static final QuotaRow NEWER = new QuotaRow(null, 1, 10L, 5, 100L, null, 2);

    @Test
    void runsEachStepWithinOneSlot() {
        List<String> users = List.of("alice", "{a}", "a}b{c", "a:b", "ü", "bob", "carol");
        try (RedisCluster redis = (RedisCluster) RedisKind.CLUSTER.start();
                LedgerClient instance = new LedgerClient(redis)) {
            assertThat(users.stream().map(user -> redis.owner(KeySpace.quota(user))))
                    .containsAll(redis.nodes());

            users.forEach(user -> runsEachStep(instance, redis, user));

            assertThat(redis.refused()).as("rights that the docs forget").isEmpty();
        }
    }

    private static void runsEachStep(LedgerClient instance, RedisCluster redis, String user) {
        Ledger ledger = instance.ledger;
        AdmitRequest request = new AdmitRequest(
                user,
                List.of(
                        new RateCheck("upload", Rate.parse("9/1m"), 1),
                        new RateCheck("upload", Rate.parse("99/1d"), 1)),
                new Charge("event", "{}", 1, 5, null),
                List.of(new BucketCheck("a bucket: {b}", 'w', null), new BucketCheck("another", 'w', true)),
                false,
                null,
                FactsMode.ASK,
                List.of(
                        new ShadowCheck.Rates(List.of(new RateCheck("upload: {x}", Rate.parse("1/1m"), 1))),
                        new ShadowCheck.Quota(false, 1, 0L, null),
                        new ShadowCheck.Buckets(List.of(new BucketCheck("a bucket: {b}", 'w', null)), false)));
        assertThat(instance.admit(request, ROW, new Verdicts("a bucket: {b}", true, true))
                        .block())
                .isInstanceOfSatisfying(
                        Admitted.class,
                        admitted -> assertThat(admitted.shadows())
                                .containsExactly(
                                        new ShadowVerdict.Passes(),
                                        new ShadowVerdict.Exceeded(0, 0, null),
                                        new ShadowVerdict.Passes()));

        Map<String, String> hash = redis.client().hgetall(KeySpace.quota(user));
        LedgerState seen = Objects.requireNonNull(LedgerState.read(hash));
        assertThat(seen.pending()).isEqualTo(1);
        assertThat(ledger.settle(user, List.of(new Entry("1-1", "event", "charge", 1, 5, "")), NEWER)
                        .block())
                .isZero();
        assertThat(ledger.takeover(user, NEWER).block()).isFalse();
        assertThat(ledger.correct(user, seen, NEWER).block()).isFalse();
        instance.fences.mark(KeySpace.partition(user));
        ledger.fence(KeySpace.partition(user)).block();
        assertThat(instance.fences.isDue(KeySpace.partition(user))).isFalse();
    }
}
