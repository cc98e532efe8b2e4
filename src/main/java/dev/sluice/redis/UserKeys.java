package dev.sluice.redis;

/** The names of one user's keys; who needs several of them computes what they share once. */
public final class UserKeys {

    private final int partition;
    private final String tag;
    private final String user;

    private UserKeys(int partition, String tag, String user) {
        this.partition = partition;
        this.tag = tag;
        this.user = user;
    }

    public static UserKeys of(String userId) {
        int partition = KeySpace.partition(userId);
        return new UserKeys(partition, KeySpace.tag(partition), KeySpace.encode(userId));
    }

    /** The user's partition, whose fence and usage stream are beside these keys. */
    public int partition() {
        return partition;
    }

    /** Admitted requests of an operation in one window, a hash of time buckets. */
    public String rate(String operation, long windowSeconds) {
        return tag + ":rl:" + user + ":" + KeySpace.encode(operation) + ":" + windowSeconds;
    }

    /**
     * Requests that a candidate for a limit would have admitted, a hash as of {@link #rate}.
     *
     * @param candidate all of its rates, since those of another count what it would have refused
     */
    public String shadowRate(String operation, long windowSeconds, String candidate) {
        return "sluice:shadow:" + tag + ":" + user + ":" + KeySpace.encode(operation) + ":" + windowSeconds + ":"
                + candidate;
    }

    /** The user's ledger, a hash. */
    public String quota() {
        return tag + ":quota:" + user;
    }

    /** The verdict on one bucket, a string {@code 1} or {@code 0}. */
    public String bucket(String bucketId, char access) {
        return tag + ":bucket:" + user + ":" + KeySpace.encode(bucketId) + ":" + access;
    }

    /** The leases of the user's uploads in flight, a sorted set by the time when they run out. */
    public String inFlight() {
        return tag + ":inflight:" + user;
    }

    /** That an event was charged which may come again. */
    public String charged(String eventId) {
        return "sluice:charged:" + tag + ":" + eventId;
    }
}
