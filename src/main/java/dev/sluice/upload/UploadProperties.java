package dev.sluice.upload;

import jakarta.validation.constraints.AssertTrue;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Where uploads are proxied to, and what becomes of those that do not say their length.
 *
 * @param backend the address, {@code sluice.supabase.url} by default; a path in it is put before the route's. The route
 *     file takes it from the property; here it is only checked
 * @param answerTimeout how long the backend may do nothing with an upload: take none of it, or leave it unanswered; at
 *     least 1 s
 * @param unknownLength of a chunked upload
 * @param spoolDirectory where such bodies are kept meanwhile; by default {@code sluice-spool} in the system's directory for
 *     temporary files
 * @param maxSpoolSize bytes there at most, over all requests of this instance; at least 1
 */
@ConfigurationProperties("sluice.upload")
@Validated
record UploadProperties(
        @Nullable URI backend,
        @DefaultValue("60s") Duration answerTimeout,
        @DefaultValue("refuse") UnknownLengthPolicy unknownLength,
        @Nullable Path spoolDirectory,
        @DefaultValue("1GB") DataSize maxSpoolSize) {

    /** What becomes of an upload of unknown length. */
    enum UnknownLengthPolicy {
        /** 411 LENGTH_REQUIRED. */
        REFUSE,
        /** It is taken to disk first. */
        SPOOL
    }

    Path spool() {
        return spoolDirectory != null ? spoolDirectory : Path.of(System.getProperty("java.io.tmpdir"), "sluice-spool");
    }

    @AssertTrue(
            message = "backend must be an absolute http or https address, for example https://abc.supabase.co"
                    + " (property sluice.upload.backend, environment SLUICE_UPLOAD_BACKEND)")
    boolean isBackendValid() {
        return backend == null
                || backend.toString().isBlank()
                || (backend.getHost() != null
                        && ("http".equals(backend.getScheme()) || "https".equals(backend.getScheme())));
    }

    @AssertTrue(message = "answer-timeout must be at least 1s, for example 60s (property sluice.upload.answer-timeout)")
    boolean isAnswerTimeoutValid() {
        return answerTimeout.compareTo(Duration.ofSeconds(1)) >= 0;
    }

    @AssertTrue(
            message = "max-spool-size must be at least 1 byte, for example 1GB (property sluice.upload.max-spool-size)")
    boolean isMaxSpoolSizeValid() {
        return maxSpoolSize.toBytes() > 0;
    }
}
