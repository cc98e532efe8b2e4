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
    REFUSED("sluice-bench-refused-");

    static final String REFUSED_PLAN = "refused";

    /** Of each kind; enough that a batch of usage events is of many users, as it is in service. */
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
        return IntStream.range(0, USERS).mapToObj(i -> hash(prefix + i)).collect(Collectors.toSet());
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
