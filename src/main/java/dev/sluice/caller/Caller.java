package dev.sluice.caller;

import dev.sluice.exchange.Attribute;
import org.jspecify.annotations.Nullable;

/**
 * The established identity of a request.
 *
 * @param userId whose limits apply; never blank
 * @param apiKeyId the API key's id, if one was used
 * @param plan the plan that may override limits
 * @param accessToken the Supabase access token that the caller brought, to be forwarded as it is; secret
 */
public record Caller(
        String userId,
        @Nullable String apiKeyId,
        @Nullable String plan,
        @Nullable String accessToken) {

    /** Set by the {@code Authenticate} filter. */
    public static final Attribute<Caller> ATTRIBUTE = Attribute.of(Caller.class);

    @Override
    public String toString() {
        return "Caller[userId=" + userId + ", apiKeyId=" + apiKeyId + ", plan=" + plan + ", accessToken="
                + (accessToken == null ? "none" : "***") + "]";
    }
}
