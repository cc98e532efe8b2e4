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
 * @param backend where uploads are proxied to; a path in it is put before the route's. The route file takes it from the
 *     property; here it is only checked
 * @param answerTimeout how long the backend may take nothing of an upload, or leave it without an answer, at least 1 s;
 *     then 504. Time in which the client is waited for does not count
 * @param unknownLength what becomes of a chunked upload: {@code refuse} (411), or {@code spool}, which takes it to disk
 *     after the caller and the memory guard are known, and goes on with its length
 * @param spoolDirectory where such bodies are kept meanwhile; one per instance
 * @param maxSpoolSize bytes there at most, over all requests of this instance. A body larger than all of it is 413, one
 *     for which there is no room at the moment 503 SUPABASE_ERROR with Retry-After
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
