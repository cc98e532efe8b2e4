package dev.sluice.database;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A usage event in the JSON of the contract. */
record Event(Map<String, @Nullable Object> fields) {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final SecureRandom RANDOM = new SecureRandom();

    static Event charge(String id, String userId, long amount) {
        return of(id, "charge", userId, amount);
    }

    /** Of one request. */
    static Event charge(String userId) {
        return charge(newId(), userId, 1);
    }

    static Event refund(Event charge) {
        return of(charge.id() + ":r", "refund", charge.userId(), -charge.amount())
                .with("bytes", -charge.bytes())
                .with("periodEndsAt", charge.fields().get("periodEndsAt"));
    }

    static Event outcome(String userId, boolean success, long bytes) {
        return of(newId(), "outcome", userId, 0).with("success", success).with("bytes", bytes);
    }

    private static Event of(String id, String kind, String userId, long amount) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("id", id);
        fields.put("kind", kind);
        fields.put("userId", userId);
        fields.put("apiKeyId", null);
        fields.put("operation", "signed-url");
        fields.put("provider", "supabase");
        fields.put("amount", amount);
        fields.put("bytes", 0L);
        fields.put("success", null);
        fields.put("code", null);
        fields.put("periodEndsAt", null);
        fields.put("occurredAt", Instant.now().toString());
        return new Event(fields);
    }

    Event with(String field, @Nullable Object value) {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(fields);
        changed.put(field, value);
        return new Event(changed);
    }

    Event without(String field) {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>(fields);
        changed.remove(field);
        return new Event(changed);
    }

    String id() {
        return String.valueOf(fields.get("id"));
    }

    String userId() {
        return String.valueOf(fields.get("userId"));
    }

    long amount() {
        return Long.parseLong(String.valueOf(fields.get("amount")));
    }

    long bytes() {
        return Long.parseLong(String.valueOf(fields.get("bytes")));
    }

    String json() {
        return JSON.writeValueAsString(fields);
    }

    static String array(Event... events) {
        return JSON.writeValueAsString(Arrays.stream(events).map(Event::fields).toList());
    }

    /** A fresh UUIDv7 of now. */
    static String newId() {
        return idOf(Instant.now());
    }

    /** A fresh UUIDv7 of that time: RFC 9562, section 5.7. */
    static String idOf(Instant time) {
        long high = time.toEpochMilli() << 16 | 0x7000L | RANDOM.nextInt(1 << 12);
        long low = RANDOM.nextLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }
}
