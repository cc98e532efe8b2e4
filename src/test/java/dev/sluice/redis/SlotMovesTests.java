package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.event.ClusterTopologyChangedEvent;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode.NodeFlag;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlotMovesTests {

    private static final int SLOT = SlotHash.getSlot("{p07}:usage");
    private static final List<Integer> ALL =
            IntStream.range(0, SlotHash.SLOT_COUNT).boxed().toList();
    private static final List<Integer> ALL_BUT_ONE =
            ALL.stream().filter(slot -> slot != SLOT).toList();

    @Test
    void namesThePartitionWhoseSlotWasMoved() {
        assertThat(moves(
                        List.of(node("a", NodeFlag.UPSTREAM, ALL), node("b", NodeFlag.UPSTREAM, List.of())),
                        List.of(
                                node("a", NodeFlag.UPSTREAM, ALL_BUT_ONE),
                                node("b", NodeFlag.UPSTREAM, List.of(SLOT)))))
                .containsExactly(7);
    }

    @Test
    void namesAllPartitionsOfAMasterThatAReplicaHasReplaced() {
        assertThat(moves(
                        List.of(node("a", NodeFlag.UPSTREAM, ALL), node("b", NodeFlag.REPLICA, List.of())),
                        List.of(node("a", NodeFlag.REPLICA, List.of()), node("b", NodeFlag.UPSTREAM, ALL))))
                .hasSize(KeySpace.PARTITIONS);
    }

    @Test
    void namesNoneWhileTheOwnersStayOrAreUnknown() {
        List<RedisClusterNode> alone = List.of(node("a", NodeFlag.UPSTREAM, ALL));
        assertThat(moves(alone, List.of(node("a", NodeFlag.UPSTREAM, ALL), node("b", NodeFlag.REPLICA, List.of()))))
                .isEmpty();
        assertThat(moves(alone, List.of(node("a", NodeFlag.UPSTREAM, List.of()))))
                .isEmpty();
    }

    private static List<Integer> moves(List<RedisClusterNode> before, List<RedisClusterNode> after) {
        return SlotMoves.partitions(new ClusterTopologyChangedEvent(before, after));
    }

    private static RedisClusterNode node(String id, NodeFlag role, List<Integer> slots) {
        return new RedisClusterNode(RedisURI.create("127.0.0.1", 1), id, true, null, 0, 0, 0, slots, Set.of(role));
    }
}
