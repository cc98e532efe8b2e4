package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.Stack;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is lost when a master of a Cluster dies with charges that its replica has not seen. */
class ClusterFailoverIT {

    @Test
    void losesAtMostWhatWasNeitherReplicatedNorAppliedWhenAMasterDies() {
        RedisCluster cluster = RedisCluster.startWithReplicas();
        try (Stack stack = Stack.start(cluster, FailoverDrill.SETTINGS)) {
            Redis master = cluster.nodes().get(0);
            Redis replica = cluster.nodes().get(3);
            List<String> users = cluster.users("there", master, 6);
            List<String> elsewhere = cluster.users("elsewhere", cluster.nodes().get(1), 2);
            FailoverDrill drill = new FailoverDrill(stack, users, elsewhere);

            drill.holdTheDatabase();
            drill.cut(master, replica);
            drill.kill(master);
            cluster.awaitPromotion(replica);
            drill.recover();

            FailoverDrill.Result result = drill.result(cluster.masters());
            assertThat(result.failures()).isEmpty();
            assertThat(result.lost()).as(result.toString()).isBetween(1L, result.mayBeLost());
            assertThat(result.lostElsewhere()).isZero();
            assertThat(result.doubled()).isZero();
            assertThat(result.admittedToLimited()).as(result.toString()).isLessThanOrEqualTo(result.mostToLimited());
            assertThat(result.admittedAtFirstRefusal())
                    .as(result.toString())
                    .isGreaterThanOrEqualTo(result.leastAtFirstRefusal());
        }
    }
}
