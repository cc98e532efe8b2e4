package dev.sluice.redis;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The names of all keys. A user belongs to one of {@value #PARTITIONS} partitions, and each of the user's keys begins
 * with the partition's hash tag, so that one script can touch them all on a Redis Cluster. Ids are percent-encoded, so
 * that no id can collide with another or break out of its place.
 */
public final class KeySpace {

    public static final int PARTITIONS = 64;

    /** The consumer group of every usage stream. */
    public static final String GROUP = "sluice";

    private static final String[] TAGS = new String[PARTITIONS];

    /** What a byte adds to the checksum. */
    private static final int[] CRC = new int[256];

    static {
        for (int p = 0; p < PARTITIONS; p++) {
            TAGS[p] = String.format(Locale.ROOT, "{p%02d}", p);
        }
        for (int b = 0; b < CRC.length; b++) {
            int crc = b << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }
            CRC[b] = crc & 0xffff;
        }
    }

    private KeySpace() {}

    /** CRC-16/XMODEM of the id's UTF-8 bytes, mod {@value #PARTITIONS}. */
    public static int partition(String userId) {
        int crc = 0;
        for (byte b : userId.getBytes(StandardCharsets.UTF_8)) {
            crc = (crc << 8 ^ CRC[(crc >> 8 ^ b) & 0xff]) & 0xffff;
        }
        return crc % PARTITIONS;
    }

    /** Admitted requests of a user and operation in one window, a hash of time buckets. */
    public static String rate(String userId, String operation, long windowSeconds) {
        return tag(userId) + ":rl:" + encode(userId) + ":" + encode(operation) + ":" + windowSeconds;
    }

    /**
     * Requests that a candidate for a limit would have admitted, a hash as of {@link #rate}.
     *
     * @param candidate all of its rates, since those of another count what it would have refused
     */
    public static String shadowRate(String userId, String operation, long windowSeconds, String candidate) {
        return "sluice:shadow:" + tag(userId) + ":" + encode(userId) + ":" + encode(operation) + ":" + windowSeconds
                + ":" + candidate;
    }

    /** The user's ledger, a hash. */
    public static String quota(String userId) {
        return tag(userId) + ":quota:" + encode(userId);
    }

    /** The verdict on one bucket, a string {@code 1} or {@code 0}. */
    public static String bucket(String userId, String bucketId, char access) {
        return tag(userId) + ":bucket:" + encode(userId) + ":" + encode(bucketId) + ":" + access;
    }

    /** The leases of a user's uploads in flight, a sorted set by the time when they run out. */
    public static String inFlight(String userId) {
        return tag(userId) + ":inflight:" + encode(userId);
    }

    /** The stream of usage events of a partition. */
    public static String usage(int partition) {
        return TAGS[partition] + ":usage";
    }

    /** The stream of events that the database refused for good. */
    public static String dead(int partition) {
        return TAGS[partition] + ":dead";
    }

    /** The random token which says that what was charged elsewhere has to be taken over first. */
    public static String fence(int partition) {
        return TAGS[partition] + ":fence";
    }

    /** The identity behind an API key, by the key's SHA-256 in hexadecimal. */
    public static String apiKey(String keyHash) {
        return "{id:" + keyHash.substring(0, 16) + "}:key";
    }

    /** The signed or begun uploads of a partition's users that are waited for, a sorted set. */
    public static String pendingUploads(int partition) {
        return "sluice:uploads:" + TAGS[partition];
    }

    /** What is reserved for a resumable upload that is not finished, a string, by the last segment of its address. */
    public static String resumable(String uploadId) {
        return "sluice:resumable:" + uploadId;
    }

    /** That an event was charged which may come again. */
    public static String charged(String userId, String eventId) {
        return "sluice:charged:" + tag(userId) + ":" + eventId;
    }

    /** What an Idempotency-Key stands for, by a hash of its user and itself. */
    public static String idempotency(String hash) {
        return "sluice:idempotency:" + hash;
    }

    /** What an instance told of itself last, a string. */
    public static String instance(String id) {
        return "sluice:instance:" + id;
    }

    /** The ids of the instances that tell of themselves, a sorted set by the time when they did last. */
    public static String instances() {
        return "sluice:instances";
    }

    private static String tag(String userId) {
        return TAGS[partition(userId)];
    }

    /** Percent-encodes every byte but the unreserved characters of RFC 3986. */
    static String encode(String id) {
        int plain = 0;
        while (plain < id.length() && isUnreserved(id.charAt(plain))) {
            plain++;
        }
        if (plain == id.length()) {
            return id;
        }
        StringBuilder encoded = new StringBuilder(id.length() + 16).append(id, 0, plain);
        for (byte b : id.substring(plain).getBytes(StandardCharsets.UTF_8)) {
            if (isUnreserved((char) b)) {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(hex(b >> 4)).append(hex(b));
            }
        }
        return encoded.toString();
    }

    private static boolean isUnreserved(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_'
                || c == '.'
                || c == '~';
    }

    private static char hex(int value) {
        return Character.toUpperCase(Character.forDigit(value & 0xf, 16));
    }
}
