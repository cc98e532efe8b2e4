package dev.sluice.bench;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the stand-in answers and has counted; used by one event loop. */
final class StandInState {

    static final byte[] NO_BUCKET =
            bytes("{\"statusCode\":\"404\",\"error\":\"Bucket not found\",\"message\":\"Bucket not found\"}");

    private static final String APPLY = "apply_usage";

    /** More than can be used in any run. */
    static final long LIMIT = 9_000_000_000_000L;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** As long as a real one. */
    private static final String TOKEN =
            "eyJhbGciOiJIUzI1NiJ9." + "eyJzdHViIjp0cnVlfQ".repeat(8) + "." + "c2ln".repeat(11);

    private static final byte[] SIGNED =
            bytes("{\"url\":\"/object/upload/sign/o?token=" + TOKEN + "\",\"token\":\"" + TOKEN + "\"}");
    private static final byte[] STORED =
            bytes("{\"Id\":\"6f5f2d6c-7d5c-4b8a-9a34-0d3b1a1f0c11\",\"Key\":\"avatars/o\"}");

    private static final class Row {
        private long current;
        private long bytes;
        private long version = 1;

        void add(long amount, long size) {
            current += amount;
            bytes += size;
            version++;
        }
    }

    /** Of everybody who has used nothing yet. */
    private static final Row UNUSED = new Row();

    private final Map<String, Row> rows = new ConcurrentHashMap<>();
    private final Map<String, Long> calls = new TreeMap<>();
    private final Set<String> refused = Keys.REFUSED.hashes();
    private long events;
    private long uploads;
    private long uploadedBytes;
    private long storageMillis;
    private long databaseMillis;
    private long applyMillis;

    /** @param order {@code /<storage>/<database>/<apply_usage>}, milliseconds; anything else changes nothing */
    void control(String order) {
        String[] words = order.split("/");
        if (words.length == 4) {
            storageMillis = Long.parseLong(words[1]);
            databaseMillis = Long.parseLong(words[2]);
            applyMillis = Long.parseLong(words[3]);
        }
    }

    long storageMillis() {
        return storageMillis;
    }

    long databaseMillis(String function) {
        return function.equals(APPLY) ? applyMillis : databaseMillis;
    }

    StandInCounts counts() {
        return new StandInCounts(
                calls.values().stream().mapToLong(Long::longValue).sum(),
                calls.getOrDefault(APPLY, 0L),
                events,
                uploads,
                uploadedBytes);
    }

    static byte[] storage(String uri) {
        return uri.startsWith("/storage/v1/object/upload/sign/") ? SIGNED : STORED;
    }

    void stored(long length) {
        uploads++;
        uploadedBytes += length;
    }

    byte[] call(String function, byte[] body) {
        calls.merge(function, 1L, Long::sum);
        return bytes(
                switch (function) {
                    case "resolve_api_key" ->
                        identity(JSON.readTree(body).path("p_key_hash").asString(""));
                    case "edge_facts" ->
                        facts(JSON.readTree(body).path("p_user_id").asString(""));
                    case "reserve_quota" -> reserved(JSON.readTree(body));
                    case APPLY -> apply(JSON.readTree(body).path("p_events"));
                    case "quotas_of" -> quotas(JSON.readTree(body).path("p_user_ids"));
                    default -> "null";
                });
    }

    private String identity(String hash) {
        String plan = refused.contains(hash) ? "\"" + Keys.REFUSED_PLAN + "\"" : "null";
        return "{\"apiKeyId\":\"" + UUID.nameUUIDFromBytes(bytes(hash)) + "\",\"userId\":\"" + user(hash)
                + "\",\"plan\":" + plan + "}";
    }

    /** Whose key has that hash: ids are as long as Supabase's are. */
    static String user(String hash) {
        return new UUID(Long.parseUnsignedLong(hash, 0, 16, 16), Long.parseUnsignedLong(hash, 16, 32, 16)).toString();
    }

    private String facts(String user) {
        return "{\"quota\":{" + quota(known(user)) + "},\"canRead\":true,\"canWrite\":true}";
    }

    private String reserved(JsonNode asked) {
        Row row = row(asked.path("p_user_id").asString(""));
        row.add(asked.path("p_amount").asLong(0), asked.path("p_bytes").asLong(0));
        return "{\"allowed\":true," + quota(row) + "}";
    }

    private static String quota(Row row) {
        return "\"current\":" + row.current + ",\"limit\":" + LIMIT + ",\"bytesCurrent\":" + row.bytes
                + ",\"bytesLimit\":null,\"periodEndsAt\":null,\"version\":" + row.version;
    }

    private String apply(JsonNode applied) {
        Set<String> users = new TreeSet<>();
        for (JsonNode event : applied) {
            String user = event.path("userId").asString("");
            users.add(user);
            Row row = row(user);
            if (!"outcome".equals(event.path("kind").asString(""))) {
                row.add(event.path("amount").asLong(0), event.path("bytes").asLong(0));
            }
            events++;
        }
        return rows(users);
    }

    private String quotas(JsonNode asked) {
        Set<String> users = new TreeSet<>();
        asked.forEach(user -> users.add(user.asString("")));
        return rows(users);
    }

    private String rows(Set<String> users) {
        return users.stream().map(this::json).collect(Collectors.joining(",", "[", "]"));
    }

    private String json(String user) {
        Row row = known(user);
        return "{\"user_id\":\"" + user + "\",\"current\":" + row.current + ",\"limit\":" + LIMIT
                + ",\"bytes_current\":" + row.bytes + ",\"bytes_limit\":null,\"period_ends_at\":null,\"version\":"
                + row.version + "}";
    }

    private Row known(String user) {
        return rows.getOrDefault(user, UNUSED);
    }

    private Row row(String user) {
        return rows.computeIfAbsent(user, name -> new Row());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
