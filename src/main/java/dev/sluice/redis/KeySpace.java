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

    /** Of the hash of an API key. */
    private static final int NAMED_DIGITS = 16;

    private static final String[] TAGS = new String[PARTITIONS];
    private static final String[] FENCES = new String[PARTITIONS];
    private static final String[] STREAMS = new String[PARTITIONS];

    /** What CRC-16/XMODEM makes of each byte that is shifted out. */
    private static final int[] CRC = new int[256];

    static {
        for (int p = 0; p < PARTITIONS; p++) {
            TAGS[p] = String.format(Locale.ROOT, "{p%02d}", p);
            FENCES[p] = TAGS[p] + ":fence";
            STREAMS[p] = TAGS[p] + ":usage";
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
        for (int i = 0; i < userId.length(); i++) {
            char c = userId.charAt(i);
            if (c >= 0x80) {
                return partition(userId.getBytes(StandardCharsets.UTF_8));
            }
            crc = crc(crc, c);
        }
        return crc % PARTITIONS;
    }

    private static int partition(byte[] userId) {
        int crc = 0;
        for (byte b : userId) {
            crc = crc(crc, b & 0xff);
        }
        return crc % PARTITIONS;
    }

    private static int crc(int crc, int next) {
        return (crc << 8 & 0xffff) ^ CRC[crc >> 8 ^ next];
    }

    /** See {@link UserKeys#rate}. */
    public static String rate(String userId, String operation, long windowSeconds) {
        return UserKeys.of(userId).rate(operation, windowSeconds);
    }

    /** See {@link UserKeys#quota}. */
    public static String quota(String userId) {
        return UserKeys.of(userId).quota();
    }

    /** See {@link UserKeys#bucket}. */
    public static String bucket(String userId, String bucketId, char access) {
        return UserKeys.of(userId).bucket(bucketId, access);
    }

    /** See {@link UserKeys#inFlight}. */
    public static String inFlight(String userId) {
        return UserKeys.of(userId).inFlight();
    }

    /** The stream of usage events of a partition. */
    public static String usage(int partition) {
        return STREAMS[partition];
    }

    /** The stream of events that the database refused for good. */
    public static String dead(int partition) {
        return TAGS[partition] + ":dead";
    }

    /** The random token which says that what was charged elsewhere has to be taken over first. */
    public static String fence(int partition) {
        return FENCES[partition];
    }

    /** The identity behind an API key, by the key's SHA-256 in hexadecimal. */
    public static String apiKey(String keyHash) {
        return "{id:" + keyHash.substring(0, NAMED_DIGITS) + "}:key";
    }

    /** The digits of a key's hash that {@link #apiKey} does not hold. */
    public static String unnamed(String keyHash) {
        return keyHash.substring(NAMED_DIGITS);
    }

    /** The signed or begun uploads of a partition's users that are waited for, a sorted set. */
    public static String pendingUploads(int partition) {
        return "sluice:uploads:" + TAGS[partition];
    }

    /** What is reserved for a resumable upload that is not finished, a string, by the last segment of its address. */
    public static String resumable(String uploadId) {
        return "sluice:resumable:" + uploadId;
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

    static String tag(int partition) {
        return TAGS[partition];
    }

    /** Percent-encodes every byte but the unreserved characters of RFC 3986. */
    static String encode(String id) {
        for (int i = 0; i < id.length(); i++) {
            if (!isUnreserved(id.charAt(i))) {
                return encode(id.getBytes(StandardCharsets.UTF_8));
            }
        }
        return id;
    }

    private static String encode(byte[] id) {
        StringBuilder encoded = new StringBuilder(id.length + 16);
        for (byte b : id) {
            if (isUnreserved(b)) {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(hex(b >> 4)).append(hex(b));
            }
        }
        return encoded.toString();
    }

    private static boolean isUnreserved(int c) {
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
