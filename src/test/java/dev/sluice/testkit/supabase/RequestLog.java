package dev.sluice.testkit.supabase;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts the requests of each endpoint and keeps the newest {@value #KEPT} of each, for at most 200 endpoints. */
final class RequestLog {

    private static final int KEPT = 50;
    private static final int MAX_ENDPOINTS = 200;

    private static final class Entry {
        private long calls;
        private final Deque<RecordedRequest> newest = new ArrayDeque<>();
    }

    private final Map<String, Entry> entries = new TreeMap<>();

    synchronized void add(String endpoint, Call call) {
        String name = entries.size() < MAX_ENDPOINTS || entries.containsKey(endpoint) ? endpoint : "other";
        Entry entry = entries.computeIfAbsent(name, n -> new Entry());
        entry.calls++;
        entry.newest.addLast(RecordedRequest.of(call));
        if (entry.newest.size() > KEPT) {
            entry.newest.removeFirst();
        }
    }

    synchronized long calls(String endpoint) {
        long calls = 0;
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            if (covers(endpoint, entry.getKey())) {
                calls += entry.getValue().calls;
            }
        }
        return calls;
    }

    synchronized List<RecordedRequest> newest(String endpoint) {
        Entry entry = entries.get(endpoint);
        return entry == null ? List.of() : new ArrayList<>(entry.newest);
    }

    synchronized @Nullable RecordedRequest last(String endpoint) {
        Entry entry = entries.get(endpoint);
        return entry == null ? null : entry.newest.peekLast();
    }

    synchronized void clear() {
        entries.clear();
    }

    private static boolean covers(String pattern, String endpoint) {
        return pattern.equals("*") || endpoint.equals(pattern) || endpoint.startsWith(pattern + ".");
    }
}
