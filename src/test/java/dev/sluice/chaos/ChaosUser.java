package dev.sluice.chaos;

import java.util.concurrent.atomic.AtomicLong;

/** One user, and what their clients saw; each request is an amount of 1. */
final class ChaosUser {

    private static final long SPENT_SOON = 150;
    private static final long NEVER_SPENT = 1_000_000;

    final String id;
    final long limit;
    final String key;
    private final AtomicLong answeredByRedis = new AtomicLong();
    private final AtomicLong answeredOtherwise = new AtomicLong();
    private final AtomicLong unanswered = new AtomicLong();

    ChaosUser(String id, long limit, String key) {
        this.id = id;
        this.limit = limit;
        this.key = key;
    }

    static long limitOf(int number) {
        return number % 3 == 0 ? SPENT_SOON : NEVER_SPENT;
    }

    /** @param byRedis whether Redis decided, as the rate limits told in the answer's headers show */
    void answered(boolean byRedis) {
        (byRedis ? answeredByRedis : answeredOtherwise).incrementAndGet();
    }

    /** No answer came, or one that does not tell whether the operation had its effect. */
    void unanswered() {
        unanswered.incrementAndGet();
    }

    /** Requests that were answered with success. */
    long answered() {
        return answeredByRedis.get() + answeredOtherwise.get();
    }

    /** Those of them that the database or policy admitted. */
    long answeredInOutages() {
        return answeredOtherwise.get();
    }

    long answeredByRedis() {
        return answeredByRedis.get();
    }

    long inDoubt() {
        return unanswered.get();
    }
}
