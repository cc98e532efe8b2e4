package dev.sluice.exchange;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Mints UUIDv7 (RFC 9562): sortable by time, unique over all instances.
 *
 * <p>Made so that no event loop waits for it: each thread has a generator of its own, because a generator holds a lock,
 * and their random part comes from a DRBG that is seeded when this class is loaded, because the platform's default reads
 * the operating system's device at each call.
 */
public final class SortableIds {

    private static final SecureRandom RANDOM = seeded();
    private static final ThreadLocal<TimeBasedEpochGenerator> GENERATORS =
            ThreadLocal.withInitial(() -> Generators.timeBasedEpochGenerator(RANDOM));

    private SortableIds() {}

    public static UUID next() {
        return GENERATORS.get().generate();
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
