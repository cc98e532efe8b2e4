package dev.sluice.testkit.supabase;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link LocalSupabase} is set up.
 *
 * @param port 0 = a free one
 * @param jwtSecret at least 32 characters
 * @param uploadExpiry lifetime of signed upload URLs; 60 s as self-hosted servers have it, 2 h on hosted ones
 * @param fileSizeLimit in bytes, for every bucket
 * @param limitsChunked whether a raw body without Content-Length is counted; the real servers do not
 * @param olderServer as before June 2026: no {@code scope} in signed tokens, no {@code code} in errors
 * @param schemas exposed by PostgREST, the first by default
 * @param statementTimeout of each transaction
 * @param clock for the tokens' times
 * @param publicUrl the address in the Location of resumable uploads, no slash at the end; null = as the request came
 */
public record Options(
        int port,
        String jwtSecret,
        Duration uploadExpiry,
        long fileSizeLimit,
        boolean limitsChunked,
        boolean olderServer,
        List<String> schemas,
        Duration statementTimeout,
        Clock clock,
        @Nullable String publicUrl) {

    /** As the recorded servers were set up: any free port, 60 s, 50 MiB, 8 s. */
    public static Options defaults() {
        return new Options(
                0,
                LocalSupabase.DEFAULT_JWT_SECRET,
                Duration.ofSeconds(60),
                50 * 1024 * 1024,
                false,
                false,
                List.of("public"),
                Duration.ofSeconds(8),
                Clock.systemUTC(),
                null);
    }

    public Options withPort(int value) {
        return new Options(
                value,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withJwtSecret(String value) {
        return new Options(
                port,
                value,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withUploadExpiry(Duration value) {
        return new Options(
                port,
                jwtSecret,
                value,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withFileSizeLimit(long value) {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                value,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withChunkedLimited() {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                true,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options asOlderServer() {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                true,
                schemas,
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withSchemas(String... value) {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                List.of(value),
                statementTimeout,
                clock,
                publicUrl);
    }

    public Options withStatementTimeout(Duration value) {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                value,
                clock,
                publicUrl);
    }

    public Options withClock(Clock value) {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                value,
                publicUrl);
    }

    public Options withPublicUrl(String value) {
        return new Options(
                port,
                jwtSecret,
                uploadExpiry,
                fileSizeLimit,
                limitsChunked,
                olderServer,
                schemas,
                statementTimeout,
                clock,
                value);
    }
}
