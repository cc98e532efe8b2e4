package dev.sluice.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The secrets that a test run has made, and whether one of them stands in a text. Looks them up by their last characters,
 * so that thousands of them in megabytes take no time: tokens begin alike and end at random.
 */
public final class Secrets {

    static final int MIN_LENGTH = 12;
    private static final Secrets OF_THIS_RUN = new Secrets();

    private final Map<String, Queue<String>> byEnd = new ConcurrentHashMap<>();

    /** Those of this JVM, which {@link SecretScan} looks for. */
    public static Secrets ofThisRun() {
        return OF_THIS_RUN;
    }

    /** Remembers a secret and returns it; shorter ones than {@value #MIN_LENGTH} characters would be found by chance. */
    public String remember(String secret) {
        if (secret.length() < MIN_LENGTH) {
            throw new IllegalArgumentException("too short to be looked for");
        }
        byEnd.computeIfAbsent(end(secret), unseen -> new ConcurrentLinkedQueue<>())
                .add(secret);
        return secret;
    }

    /** Remembers a signed token by its signature: without that, it is worth nothing. */
    public String rememberToken(String jwt) {
        remember(jwt.substring(jwt.lastIndexOf('.') + 1));
        return jwt;
    }

    /** The lines in which a secret stands, with the secret blotted out. */
    public List<String> leaks(String text) {
        List<String> leaks = new ArrayList<>();
        for (int at = MIN_LENGTH; at <= text.length(); at++) {
            Queue<String> candidates = byEnd.get(text.substring(at - MIN_LENGTH, at));
            if (candidates != null) {
                for (String secret : candidates) {
                    if (text.startsWith(secret, at - secret.length())) {
                        leaks.add(line(text, at).replace(secret, "*** " + secret.length() + " characters ***"));
                    }
                }
            }
        }
        return leaks.stream().distinct().toList();
    }

    /** Fails if a secret stands in what a client was told, or an instance has printed. */
    public void assertNotIn(String answer) {
        List<String> leaks = leaks(answer);
        if (!leaks.isEmpty()) {
            throw new AssertionError("A secret of this run was told: " + leaks);
        }
    }

    private static String line(String text, int at) {
        int begin = text.lastIndexOf('\n', at - 1) + 1;
        int end = text.indexOf('\n', at);
        return text.substring(begin, end < 0 ? text.length() : end);
    }

    private static String end(String secret) {
        return secret.substring(secret.length() - MIN_LENGTH);
    }
}
