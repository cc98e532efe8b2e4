package dev.sluice.caller;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** What a request brought to say who it is from: the first that is present of those in this order. */
sealed interface Credential {

    String USER_ID = "X-User-Id";
    String API_KEY_ID = "X-Api-Key-Id";
    String API_KEY = "X-API-Key";
    String PROJECT_KEY = "apikey";

    /** How the project's opaque keys begin, which the project's gateway exchanges for tokens. */
    String OPAQUE = "sb_";

    /** RFC 6750, 2.1; the scheme in any case (RFC 9110, 11.1). */
    Pattern BEARER = Pattern.compile("Bearer +([A-Za-z0-9._~+/-]+=*) *", Pattern.CASE_INSENSITIVE);

    /** The word of a trusted proxy. */
    record Forwarded(String userId, @Nullable String apiKeyId) implements Credential {}

    /** Secret. */
    record Key(String value) implements Credential {
        @Override
        public String toString() {
            return "Key[***]";
        }
    }

    /** Secret. */
    record Token(String value) implements Credential {
        @Override
        public String toString() {
            return "Token[***]";
        }
    }

    /** None, or one that cannot be read. */
    record Unusable(String detail) implements Credential {}

    /** @param trusted whether the peer's word on the user is believed */
    static Credential of(HttpHeaders headers, boolean trusted) {
        if (trusted && headers.containsHeader(USER_ID)) {
            return forwarded(headers);
        }
        List<String> keys = headers.getOrEmpty(API_KEY);
        if (!keys.isEmpty()) {
            return keys.size() == 1 ? new Key(keys.get(0)) : new Unusable("Send one X-API-Key");
        }
        List<String> authorizations = headers.getOrEmpty(HttpHeaders.AUTHORIZATION);
        if (authorizations.isEmpty()) {
            return new Unusable("Send an X-API-Key, or Authorization: Bearer with an access token");
        }
        Matcher bearer = BEARER.matcher(authorizations.get(0));
        return authorizations.size() == 1 && bearer.matches()
                ? new Token(bearer.group(1))
                : new Unusable("Authorization must be one Bearer token");
    }

    /**
     * As {@link #of}, and where there is none of ours, what the project's gateway goes by: {@code Authorization}, unless that
     * is missing or an opaque key and {@code apikey} brings something (recorded behaviour of the self-hosted gateways).
     */
    static Credential ofSupabaseClient(HttpHeaders headers, boolean trusted) {
        List<String> projectKeys = headers.getOrEmpty(PROJECT_KEY);
        boolean ours = trusted && headers.containsHeader(USER_ID) || headers.containsHeader(API_KEY);
        if (ours || projectKeys.isEmpty()) {
            return of(headers, trusted);
        }
        if (projectKeys.size() > 1 || projectKeys.get(0).isBlank()) {
            return new Unusable("apikey must be one key");
        }
        Credential bearer = headers.containsHeader(HttpHeaders.AUTHORIZATION) ? of(headers, trusted) : null;
        return bearer == null || bearer instanceof Token token && token.value().startsWith(OPAQUE)
                ? new Token(projectKeys.get(0))
                : bearer;
    }

    private static Credential forwarded(HttpHeaders headers) {
        List<String> users = headers.getOrEmpty(USER_ID);
        List<String> keys = headers.getOrEmpty(API_KEY_ID);
        boolean valid = users.size() == 1
                && UserId.isValid(users.get(0))
                && keys.size() <= 1
                && (keys.isEmpty() || UserId.isValid(keys.get(0)));
        return valid
                ? new Forwarded(users.get(0), keys.isEmpty() ? null : keys.get(0))
                : new Unusable("X-User-Id and X-Api-Key-Id must each be one value of 1 to 256 characters");
    }
}
