package dev.sluice.browser;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which pages may call this edge, and what they may read.
 *
 * @param allowedOrigins pages that may call, such as {@code https://app.example.com}, {@code https://*.example.com} for
 *     subdomains, or {@code *} for all. None leaves CORS to the backends
 * @param allowCredentials whether a page may send cookies; supabase-js needs none. Not together with {@code *}
 * @param maxAge how long a browser may keep a preflight's answer, whole seconds from 0; browsers cap it (Chromium at 2
 *     h)
 * @param exposedHeaders what a page may read beside the headers that it always may
 */
@ConfigurationProperties("sluice.cors")
record CorsProperties(
        @DefaultValue List<String> allowedOrigins,
        @DefaultValue("false") boolean allowCredentials,
        @DefaultValue("1h") Duration maxAge,

        @DefaultValue({
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-Id",
            "Server-Timing",
            "Location",
            "ETag",
            "Content-Range",
            "Content-Disposition",
            "Tus-Resumable",
            "Tus-Version",
            "Tus-Extension",
            "Tus-Max-Size",
            "Tus-Complete",
            "Upload-Offset",
            "Upload-Length",
            "Upload-Defer-Length",
            "Upload-Metadata",
            "Upload-Expires"
        })
        List<String> exposedHeaders) {

    private static final String ANY = "*";
    private static final Pattern ORIGIN =
            Pattern.compile("\\*|[a-z][a-z0-9+.-]*://(?:[A-Za-z0-9*._-]+|\\[[0-9A-Fa-f:.]+])(?::[0-9]{1,5})?");

    CorsProperties {
        allowedOrigins = allowedOrigins.stream()
                .map(String::strip)
                .filter(origin -> !origin.isEmpty())
                .toList();
        for (String origin : allowedOrigins) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw new IllegalArgumentException("sluice.cors.allowed-origins: '" + origin
                        + "' is not an origin: write <scheme>://<host>[:<port>] without a path or a slash at the end, for"
                        + " example https://app.example.com, https://*.example.com or *");
            }
        }
        if (allowCredentials && allowedOrigins.contains(ANY)) {
            throw new IllegalArgumentException(
                    "sluice.cors.allow-credentials: browsers refuse credentials where every origin is allowed: list"
                            + " the origins in sluice.cors.allowed-origins, for example https://app.example.com");
        }
        if (maxAge.isNegative()) {
            throw new IllegalArgumentException("sluice.cors.max-age must be 0s or longer, for example 1h");
        }
    }

    boolean isOff() {
        return allowedOrigins.isEmpty();
    }
}
