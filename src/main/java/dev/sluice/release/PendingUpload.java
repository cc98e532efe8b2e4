package dev.sluice.release;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.sluice.journal.UsageEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Uploads that were signed, or begun, and charged together.
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

    /**
     * An object and the bytes that were reserved for it.
     *
     * @param uploadId of the resumable upload that brings it, empty if nobody was told it; null for one that is no such
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Target(
            String bucket,
            String path,
            long bytes,
            @Nullable String uploadId) {}
}
