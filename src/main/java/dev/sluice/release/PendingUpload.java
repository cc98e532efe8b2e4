package dev.sluice.release;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.journal.UsageEvent;
import java.util.List;

/**
 * Uploads that were signed and charged together.
 *
 * @param charge what was charged for them
 * @param objects where they go
 * @param signedAtEpochMilli from when on an object there is one of them
 * @param amountBack requests to be given back in any case, for what was charged and not signed
 * @param bytesBack bytes to be given back in any case
 * @param dueAtEpochMilli when storage is asked first
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PendingUpload(
        UsageEvent charge,
        List<Target> objects,
        long signedAtEpochMilli,
        long amountBack,
        long bytesBack,
        long dueAtEpochMilli) {

    /** An object and the bytes that were reserved for it. */
    public record Target(String bucket, String path, long bytes) {}
}
