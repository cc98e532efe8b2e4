package dev.sluice.ledger;

import java.security.SecureRandom;
import java.util.Base64;

/**
 * Names for one process among all that ever write to the same Redis: 96 random bits in 16 characters (Base64 for URLs, RFC
 * 4648). They stand in each ledger and each event of a stream, where a UUID would take more than twice as much.
 */
final class ProcessName {

    private static final int BYTES = 12;

    private ProcessName() {}

    /** A new one; reads the system's entropy, so not for event loops. */
    static String random() {
        byte[] name = new byte[BYTES];
        new SecureRandom().nextBytes(name);
        return Base64.getUrlEncoder().encodeToString(name);
    }
}
