package dev.sluice.testkit.supabase;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A request that reached the stand-in.
 *
 * @param rawPath the path exactly as it was sent, prefix ({@code /storage/v1}) included
 * @param headers by lower-case name; several values of a name joined by a comma and a space
 */
public record RecordedRequest(String method, String rawPath, Map<String, String> query, Map<String, String> headers) {

    /** The header's value, or null where it was not sent. */
    public @Nullable String header(String name) {
        return headers.get(name.toLowerCase(java.util.Locale.ROOT));
    }

    static RecordedRequest of(Call call) {
        Map<String, String> headers = new TreeMap<>();
        call.headers()
                .forEach(header -> headers.merge(
                        header.getKey().toLowerCase(java.util.Locale.ROOT), header.getValue(), (a, b) -> a + ", " + b));
        return new RecordedRequest(call.method(), call.rawPath(), call.query(), Map.copyOf(headers));
    }
}
