package dev.sluice.idempotency;

import dev.sluice.problem.Problem;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** The header's value: a string in quotes as the draft has it (RFC 9651, 3.3.3), or the same without them. */
final class IdempotencyKey {

    static final String HEADER = "Idempotency-Key";

    private static final int MAX_LENGTH = 255;
    private static final Pattern PLAIN = Pattern.compile("[ !#-\\[\\]-~]+");

    private IdempotencyKey() {}

    /** The key of a request; null if it has none. Fails with a problem for one that is none. */
    static @Nullable String of(HttpHeaders headers) {
        List<String> values = headers.getOrEmpty(HEADER);
        if (values.isEmpty()) {
            return null;
        }
        String key = unquoted(values.get(0).trim());
        if (values.size() > 1
                || key.isBlank()
                || key.length() > MAX_LENGTH
                || !PLAIN.matcher(key).matches()) {
            throw Problem.invalid(
                            HEADER,
                            "The Idempotency-Key is not one string of 1 to " + MAX_LENGTH + " characters",
                            "Send one key of ASCII characters without quotes and backslashes, for example a UUID")
                    .exception();
        }
        return key;
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
