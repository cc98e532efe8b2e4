package dev.sluice.supabase;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How Supabase is reached and how its tokens are verified.
 *
 * @param url the project's base address as Sluice reaches it, from inside; required
 * @param publicUrl the project's address as clients reach it, used in {@code uploadUrl} and {@code downloadUrl}
 * @param jwtIssuer the issuer of access tokens
 * @param serviceKey a service_role JWT or an {@code sb_secret_…} key; sent to the origin of {@code sluice.supabase.url}
 *     only. Secret, required
 * @param jwtSecret HS256 secrets: the first signs, all verify, so that one can be replaced by another. None: HS256 user
 *     tokens and signer {@code local} are off. Secret
 * @param jwksUrl where the keys of ES256 and RS256 user tokens are published
 * @param timeout of one call to the database or to storage
 */
@ConfigurationProperties("sluice.supabase")
@Validated
public record SupabaseProperties(
        @NotNull(
                message = "must be set to the Supabase project's address, for example https://abc.supabase.co"
                        + " (environment SUPABASE_URL)")
        URI url,

        @Nullable URI publicUrl,
        @Nullable String jwtIssuer,

        @NotBlank(
                message = "must be set to a service_role JWT or an sb_secret_ key, for example sb_secret_abc"
                        + " (environment SUPABASE_SERVICE_KEY)")
        String serviceKey,

        @DefaultValue List<String> jwtSecret,
        @Nullable URI jwksUrl,
        @DefaultValue("2s") Duration timeout) {

    public SupabaseProperties {
        jwtSecret = jwtSecret == null
                ? List.of()
                : jwtSecret.stream().filter(secret -> !secret.isBlank()).toList();
        url = url == null || url.toString().isBlank() ? null : base(url);
        publicUrl = publicUrl == null || publicUrl.toString().isBlank() ? url : base(publicUrl);
        jwtIssuer = jwtIssuer == null || jwtIssuer.isBlank() ? publicUrl + "/auth/v1" : jwtIssuer;
        jwksUrl = jwksUrl == null || jwksUrl.toString().isBlank()
                ? URI.create(url + "/auth/v1/.well-known/jwks.json")
                : jwksUrl;
    }

    @AssertTrue(
            message = "url and public-url must be absolute http or https addresses, for example"
                    + " https://abc.supabase.co")
    boolean isUrlAbsolute() {
        return url == null || (isHttp(url) && publicUrl != null && isHttp(publicUrl));
    }

    @AssertTrue(message = "timeout must be longer than 0, for example 2s") boolean isTimeoutPositive() {
        return timeout.toMillis() > 0;
    }

    private static boolean isHttp(URI uri) {
        return uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
    }

    private static URI base(URI uri) {
        String text = uri.toString();
        return text.endsWith("/") ? URI.create(text.replaceAll("/+$", "")) : uri;
    }

    @Override
    public String toString() {
        return "SupabaseProperties[url=" + url + ", publicUrl=" + publicUrl + ", serviceKey=***, jwtSecret=***]";
    }
}
