package dev.sluice.journal;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The journal.
 *
 * @param directory where it is kept, relative to the working directory: one per instance (a running instance locks it),
 *     on a disk that outlives the instance, because what waits in it is charged only when it is replayed
 * @param maxSize bytes on disk at most, counting events that were replayed until their file is removed; at least 1 MB.
 *     An event takes about 350 bytes
 * @param onFull what becomes of a request that policy admits and whose charge the journal cannot take, because it is
 *     full or its disk fails: {@code log} admits it, and the charge is a log line {@code usage-event {json}} that can
 *     be replayed with {@code apply_usage}; {@code refuse} answers 503 ACCESS_CHECK_UNAVAILABLE before the operation.
 *     Refunds and outcomes that do not fit are log lines with either
 */
@ConfigurationProperties("sluice.journal")
public record JournalProperties(
        @DefaultValue("journal") String directory,
        @DefaultValue("1GB") DataSize maxSize,
        @DefaultValue("log") OnFull onFull) {

    public JournalProperties {
        if (directory.isBlank()) {
            throw new IllegalArgumentException(
                    "sluice.journal.directory must name a directory, for example /var/lib/sluice/journal");
        }
        if (maxSize.compareTo(DataSize.ofMegabytes(1)) < 0) {
            throw new IllegalArgumentException("sluice.journal.max-size must be at least 1MB, for example 1GB");
        }
    }
}
