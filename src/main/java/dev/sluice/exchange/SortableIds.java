package dev.sluice.exchange;

import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Mints UUIDv7 (RFC 9562): sortable by time, unique over all instances. Within one thread each sorts after those before it,
 * also within a millisecond and when the clock steps back, by a random step (RFC 9562, 6.2, method 2).
 *
 * <p>Made so that no event loop waits for it: each thread has a generator of its own, and their random part comes in blocks
 * from a DRBG that is seeded when this class is loaded, because the platform's default reads the operating system's device
 * at each call.
 */
public final class SortableIds {

    private static final SecureRandom RANDOM = seeded();
    private static final ThreadLocal<SortableIds> OF_THREAD = ThreadLocal.withInitial(SortableIds::new);

    private static final int BLOCK_BYTES = 512;
    private static final long VERSION_7 = 0x7000L;
    private static final long VARIANT = 0x8000_0000_0000_0000L;

    /** Of the 74 random bits 12 stand before the variant and 62 after it. */
    private static final long HIGH_MASK = 0xfffL;

    private static final long LOW_MASK = 0x3fff_ffff_ffff_ffffL;
    private static final long STEP_MASK = 0xffff_ffffL;

    private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).position(BLOCK_BYTES);
    private long epochMillis;
    private long high;
    private long low;

    private SortableIds() {}

    public static UUID next() {
        return OF_THREAD.get().next(System.currentTimeMillis());
    }

    private UUID next(long now) {
        if (now > epochMillis) {
            epochMillis = now;
            high = random() & HIGH_MASK;
            low = random() & LOW_MASK;
        } else {
            low += 1 + (random() & STEP_MASK);
            if (low > LOW_MASK) {
                low &= LOW_MASK;
                high++;
            }
            if (high > HIGH_MASK) {
                high = 0;
                epochMillis++;
            }
        }
        return new UUID(epochMillis << 16 | VERSION_7 | high, VARIANT | low);
    }

    private long random() {
        if (!block.hasRemaining()) {
            RANDOM.nextBytes(block.array());
            block.clear();
        }
        return block.getLong();
    }

    private static SecureRandom seeded() {
        try {
            SecureRandom random = SecureRandom.getInstance("DRBG");
            random.nextLong();
            return random;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK since 9 has DRBG", e);
        }
    }
}
