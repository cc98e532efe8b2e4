package dev.sluice.caller;

import dev.sluice.exchange.Attribute;

/**
 * The upload token that a request brought, whose signature and time were verified.
 *
 * @param object {@code bucket/path}, decoded: the only object that it is good for
 */
public record SignedUpload(String object) {

    /** Set by {@code Authenticate=signed-upload} where the token could be verified. */
    public static final Attribute<SignedUpload> ATTRIBUTE = Attribute.of(SignedUpload.class);
}
