package dev.sluice.storage;

import dev.sluice.intent.ObjectPath;
import dev.sluice.release.PendingUpload.Target;
import dev.sluice.release.UploadProbe;
import dev.sluice.supabase.StoredUploads;
import dev.sluice.supabase.StoredUploads.Stored;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import reactor.core.publisher.Mono;

/**
 * Ends a resumable upload that was left alone, before it is judged: what was not complete then never will be, and what was
 * complete came. Of one that storage does not know any more, and of one whose client was never told its address, the object
 * tells.
 */
final class ResumableProbe implements UploadProbe {

    /** Storage's clock may be behind ours. */
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    private final StoredUploads uploads;

    ResumableProbe(StoredUploads uploads) {
        this.uploads = uploads;
    }

    @Override
    public boolean knows(Target target) {
        return target.uploadId() != null;
    }

    @Override
    public Mono<Boolean> cameSince(Target target, Instant since) {
        String id = String.valueOf(target.uploadId());
        if (id.isEmpty()) {
            return isStoredSince(target, since);
        }
        return uploads.end(id).flatMap(ending -> switch (ending) {
            case ENDED -> Mono.just(false);
            case COMPLETE -> Mono.just(true);
            case UNKNOWN -> isStoredSince(target, since);
        });
    }

    private Mono<Boolean> isStoredSince(Target target, Instant since) {
        return uploads.find(new ObjectPath(target.bucket(), target.path()).encoded())
                .map(stored -> isOf(String.valueOf(target.uploadId()), stored)
                        || !stored.modifiedAt().isBefore(since.minus(TOLERANCE)))
                .defaultIfEmpty(false);
    }

    /** An upload is named by its object's place and version, in Base64. */
    private static boolean isOf(String id, Stored stored) {
        String version = stored.version();
        return version != null && named(id).endsWith("/" + version);
    }

    private static String named(String id) {
        try {
            return new String(Base64.getUrlDecoder().decode(id), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
