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
 * @param asSent whether the request goes on with the credentials that it came with, whatever they are, and never with ours
 */
public record Caller(
        String userId,
        @Nullable String apiKeyId,
        @Nullable String plan,
        @Nullable String accessToken,
        boolean asSent) {

    /** Set by the {@code Authenticate} filter. */
    public static final Attribute<Caller> ATTRIBUTE = Attribute.of(Caller.class);

    public Caller(String userId, @Nullable String apiKeyId, @Nullable String plan, @Nullable String accessToken) {
        this(userId, apiKeyId, plan, accessToken, false);
    }

    /** The same caller, whose request goes on with its own credentials. */
    Caller sentOn() {
        return new Caller(userId, apiKeyId, plan, accessToken, true);
    }

    @Override
    public String toString() {
        return "Caller[userId=" + userId + ", apiKeyId=" + apiKeyId + ", plan=" + plan + ", accessToken="
                + (accessToken == null ? "none" : "***") + ", asSent=" + asSent + "]";
    }
}
