package dev.sluice.storage;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.Stage;
import dev.sluice.intent.Resumable;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.UploadState;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * What is missing of a resumable upload, as storage has it: asked before each part, with the caller's own credentials where it has any, so
 * that no state of ours can be lost or wrong, whichever instance the part comes to.
 */
final class Remainders {

    private static final List<String> CREDENTIALS = List.of(HttpHeaders.AUTHORIZATION, "apikey", "x-signature");

    private final StorageApi storage;

    Remainders(StorageApi storage) {
        this.storage = storage;
    }

    /** Fails as {@link StorageApi#uploadState} does. */
    Mono<UploadState> state(ServerWebExchange exchange) {
        String path = Resumable.ATTRIBUTE.require(exchange).path().substring(StoragePathFilter.BASE.length());
        return RequestContext.of(exchange)
                .timings()
                .measure(Stage.SUPABASE, storage.uploadState(path, credentials(exchange)));
    }

    /** Those of a caller that Sluice sends on as itself, who has an API key of ours, are its own: null. */
    private static @Nullable HttpHeaders credentials(ServerWebExchange exchange) {
        Caller caller = Caller.ATTRIBUTE.get(exchange);
        if (caller != null && !caller.asSent()) {
            return null;
        }
        HttpHeaders credentials = new HttpHeaders();
        CREDENTIALS.forEach(name ->
                credentials.addAll(name, exchange.getRequest().getHeaders().getOrEmpty(name)));
        return credentials;
    }

    /**
     * Refuses a part that is not the next one (409), or is more than is missing (413), before its body is read.
     *
     * @param bytes of the part
     */
    static void require(UploadState known, ServerHttpRequest request, @Nullable Long bytes) {
        Long length = known.length();
        if (length == null) {
            throw Problem.of(ProblemCode.LENGTH_REQUIRED)
                    .detail("The upload began without saying its whole size")
                    .with("hint", "Begin it anew with Upload-Length")
                    .exception();
        }
        List<String> offsets = request.getHeaders().getOrEmpty("Upload-Offset");
        if (offsets.size() != 1 || !offsets.get(0).equals(Long.toString(known.offset()))) {
            throw Problem.invalid(
                            "Upload-Offset",
                            "Storage has " + known.offset() + " bytes of the upload",
                            "Send what follows them")
                    .status(409)
                    .exception();
        }
        long missing = length - known.offset();
        if (bytes == null || bytes > missing) {
            throw Problem.of(ProblemCode.PAYLOAD_TOO_LARGE)
                    .detail("Of the upload's declared length, " + missing + " bytes are missing, and more would come")
                    .with("limit", missing)
                    .header(HttpHeaders.CONNECTION, "close")
                    .exception();
        }
    }
}
