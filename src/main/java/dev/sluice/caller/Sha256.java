package dev.sluice.caller;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** How a secret is named wherever it must not stand itself. */
final class Sha256 {

    /** Cloned for each hash: looking an algorithm up takes as long as using it. */
    private static final MessageDigest EMPTY = empty();

    private Sha256() {}

    /** Lower-case hexadecimal, as the database has it in {@code api_keys.key_hash}. */
    static String hex(String secret) {
        try {
            MessageDigest digest = (MessageDigest) EMPTY.clone();
            return HexFormat.of().formatHex(digest.digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("The JDK's SHA-256 can be cloned", e);
        }
    }

    private static MessageDigest empty() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    /** Compares two hashes in a time that does not tell where they differ. */
    static boolean isSame(String one, String other) {
        return MessageDigest.isEqual(
                one.getBytes(StandardCharsets.US_ASCII), other.getBytes(StandardCharsets.US_ASCII));
    }
}
