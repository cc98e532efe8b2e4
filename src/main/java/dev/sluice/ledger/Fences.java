package dev.sluice.ledger;

import dev.sluice.redis.KeySpace;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which partitions this instance must fence before it charges there again: all of them when it starts and after Redis was
 * lost, one after a charge in it was made in the database instead.
 */
public final class Fences {

    private final String instance = ProcessName.random();
    private final AtomicLong epochs = new AtomicLong();
    private final AtomicLongArray wanted = new AtomicLongArray(KeySpace.PARTITIONS);
    private final AtomicLongArray installed = new AtomicLongArray(KeySpace.PARTITIONS);

    public Fences() {
        markAll();
    }

    /** What was charged anywhere may be missing in the ledgers of every partition. */
    public void markAll() {
        long epoch = epochs.incrementAndGet();
        for (int p = 0; p < KeySpace.PARTITIONS; p++) {
            wanted.accumulateAndGet(p, epoch, Math::max);
        }
    }

    /** A charge in this partition was made in the database. */
    public void mark(int partition) {
        wanted.accumulateAndGet(partition, epochs.incrementAndGet(), Math::max);
    }

    /** Whether the partition's fence has to be replaced before the next charge. */
    public boolean isDue(int partition) {
        return installed.get(partition) < wanted.get(partition);
    }

    /** The epoch to give to {@link #token} and {@link #installed}; 0 if nothing is to be installed. */
    long due(int partition) {
        long epoch = wanted.get(partition);
        return installed.get(partition) < epoch ? epoch : 0;
    }

    /** The same for every attempt at one epoch, so that a repeated one replaces nothing. */
    String token(long epoch) {
        return epoch == 0 ? "" : instance + ":" + epoch;
    }

    void installed(int partition, long epoch) {
        installed.accumulateAndGet(partition, epoch, Math::max);
    }
}
