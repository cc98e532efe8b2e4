package dev.sluice.exchange;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.impl.TimeBasedEpochGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Mints UUIDv7 (RFC 9562): sortable by time, unique over all instances.
 *
 * <p>The random part comes from a DRBG that is seeded when the class is loaded, because the platform's default reads the
 * operating system's device at each call, and so may block an event loop.
 */
public final class SortableIds {

    private static final TimeBasedEpochGenerator GENERATOR = Generators.timeBasedEpochGenerator(seeded());

    private SortableIds() {}

    public static UUID next() {
        return GENERATOR.generate();
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
