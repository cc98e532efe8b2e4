package dev.sluice.journal;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The journal.
 *
 * @param directory where it is kept, relative to the working directory; one per instance, on a disk that outlives it
 * @param maxSize bytes on disk at most, counting events that were replayed until their file is removed; at least 1MB
 * @param onFull what becomes of a charge that policy admits and that does not fit; any other event that does not fit is a
 *     log line
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
