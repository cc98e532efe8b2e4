package dev.sluice.bench;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The API keys of a run; nothing but the stand-in knows them. */
enum Keys {
    ADMITTED("sluice-bench-admitted-"),
    /** Of users whose plan lets the memory guard refuse all requests but the first. */
    REFUSED("sluice-bench-refused-"),
    /** Of as many users as a measurement of growth needs. */
    MANY("sluice-bench-many-");

    static final String REFUSED_PLAN = "refused";

    /** Of each kind unless it is said otherwise; enough that a batch of usage events is of many users, as it is in service. */
    static final int USERS = 256;

    private final String prefix;

    Keys(String prefix) {
        this.prefix = prefix;
    }

    String prefix() {
        return prefix;
    }

    /** SHA-256 in lower-case hexadecimal, as the database is asked for them. */
    Set<String> hashes() {
        return IntStream.range(0, USERS).mapToObj(this::hash).collect(Collectors.toSet());
    }

    /** Of one user's key. */
    String hash(int user) {
        return hash(prefix + user);
    }

    private static String hash(String key) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
