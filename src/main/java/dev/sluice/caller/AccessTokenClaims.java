package dev.sluice.caller;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;

/** What an access token must say besides being signed: exp, nbf, iss, aud and sub, as Supabase Auth sets them. */
final class AccessTokenClaims implements OAuth2TokenValidator<Jwt> {

    /** How far our clock and the issuer's may be apart. */
    static final Duration SKEW = Duration.ofSeconds(30);

    private static final String AUDIENCE = "authenticated";

    private final JwtTimestampValidator timestamps = new JwtTimestampValidator(SKEW);
    private final Clock clock;
    private final String issuer;

    AccessTokenClaims(String issuer, Clock clock) {
        this.issuer = issuer;
        this.clock = clock;
        timestamps.setAllowEmptyExpiryClaim(false);
        timestamps.setClock(clock);
    }

    @Override
    public OAuth2TokenValidatorResult validate(Jwt token) {
        if (timestamps.validate(token).hasErrors()) {
            return refuse(whyNotNow(token));
        }
        if (!issuer.equals(token.getClaimAsString("iss"))) {
            return refuse("The access token is from another issuer");
        }
        List<String> audience = token.getAudience();
        if (audience == null || !audience.contains(AUDIENCE)) {
            return refuse("The access token is for another audience than '" + AUDIENCE + "'");
        }
        if (!UserId.isValid(token.getSubject())) {
            return refuse("The access token names no usable subject");
        }
        return OAuth2TokenValidatorResult.success();
    }

    private String whyNotNow(Jwt token) {
        Instant expires = token.getExpiresAt();
        if (expires == null) {
            return "The access token does not expire";
        }
        return expires.isBefore(clock.instant()) ? "The access token has expired" : "The access token is not valid yet";
    }

    private static OAuth2TokenValidatorResult refuse(String detail) {
        return OAuth2TokenValidatorResult.failure(new OAuth2Error("invalid_token", detail, null));
    }
}
