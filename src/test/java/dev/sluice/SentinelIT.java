package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.RedisAcl;
import dev.sluice.testkit.RedisSentinel;
import dev.sluice.testkit.Stack;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A failover by Sentinel, under the setting that keeps a master from answering for what no replica has. */
class SentinelIT {

    @Test
    void losesNothingThatAMasterHasAnsweredIfItMayNotWriteAlone() {
        RedisSentinel redis = RedisSentinel.start("min-replicas-to-write 1");
        try (Stack stack = Stack.start(redis, FailoverDrill.SETTINGS)) {
            FailoverDrill drill = new FailoverDrill(stack, List.of("a", "b", "c", "d"), List.of());

            drill.holdTheDatabase();
            drill.cut(redis.master(), redis.replica());
            drill.kill(redis.master());
            redis.awaitPromotion();
            drill.recover();

            FailoverDrill.Result result = drill.result(List.of(redis.replica()));
            assertThat(result.failures()).isEmpty();
            assertThat(result.mayBeLost())
                    .as("admitted by a master alone")
                    .isLessThanOrEqualTo(3L * FailoverDrill.CALLERS);
            assertThat(result.lost()).as(result.toString()).isLessThanOrEqualTo(FailoverDrill.CALLERS);
            assertThat(result.doubled()).isZero();
            assertThat(result.admittedToLimited()).as(result.toString()).isLessThanOrEqualTo(result.mostToLimited());
            assertThat(result.admittedAtFirstRefusal())
                    .as(result.toString())
                    .isGreaterThanOrEqualTo(result.leastAtFirstRefusal());
            assertThat(RedisAcl.refused(redis.replica()))
                    .as("rights that the docs forget")
                    .isEmpty();
        }
    }
}
