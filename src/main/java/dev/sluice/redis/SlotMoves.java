package dev.sluice.redis;

import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.event.ClusterTopologyChangedEvent;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Which partitions have another node as their owner after a Cluster has changed: their slots were moved, or a replica was promoted. */
final class SlotMoves {

    private SlotMoves() {}

    static List<Integer> partitions(ClusterTopologyChangedEvent change) {
        return IntStream.range(0, KeySpace.PARTITIONS)
                .filter(partition -> {
                    int slot = SlotHash.getSlot(KeySpace.fence(partition));
                    String owner = owner(change.after(), slot);
                    return owner != null && !owner.equals(owner(change.before(), slot));
                })
                .boxed()
                .toList();
    }

    private static @Nullable String owner(List<RedisClusterNode> nodes, int slot) {
        return nodes.stream()
                .filter(node -> node.is(RedisClusterNode.NodeFlag.UPSTREAM) && node.hasSlot(slot))
                .map(RedisClusterNode::getNodeId)
                .findFirst()
                .orElse(null);
    }
}
