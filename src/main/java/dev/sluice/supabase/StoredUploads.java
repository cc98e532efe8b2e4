package dev.sluice.supabase;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClient.RequestBodySpec;
import reactor.core.publisher.Mono;

/**
 * Asks storage, with the service key, what has become of uploads. For work that no request waits for and that asks again at
 * its own pace: it fails at once while the circuit is open, and its own failures never open it. Whatever is no clear answer
 * fails.
 */
public final class StoredUploads {

    private final WebClient client;
    private final URI base;
    private final String serviceKey;
    private final ReactiveCircuitBreaker breaker;
    private final Duration timeout;

    /**
     * @param base the address of {@code /storage/v1}
     * @param breaker with its bulkhead
     * @param timeout of one call
     */
    StoredUploads(WebClient client, URI base, String serviceKey, ReactiveCircuitBreaker breaker, Duration timeout) {
        this.client = client;
        this.base = base;
        this.serviceKey = serviceKey;
        this.breaker = breaker;
        this.timeout = timeout;
    }

    /** What a resumable upload was when it was to be ended. */
    public enum Ending {
        /** It was not complete, and is no more. */
        ENDED,
        /** All of it has come. */
        COMPLETE,
        /** Storage does not know it, or no longer. */
        UNKNOWN
    }

    /**
     * An object as it is stored.
     *
     * @param version of its content, which the upload that brought it was named by; null where storage does not tell
     */
    public record Stored(@Nullable String version, Instant modifiedAt) {}

    /**
     * Ends a resumable upload (tus 1.0.0, termination), so that no part can be added to it any more.
     *
     * @param uploadId the last segment of its address
     */
    public Mono<Ending> end(String uploadId) {
        return asked(HttpMethod.DELETE, "/upload/resumable/" + uploadId)
                .header("Tus-Resumable", "1.0.0")
                .header("x-upsert", "true")
                .exchangeToMono(answer -> answer.bodyToMono(String.class)
                        .defaultIfEmpty("")
                        .map(text -> ending(answer.statusCode().value(), text)))
                .transform(this::guarded);
    }

    /** A finished upload is refused as 400, with a text by {@code @tus/server}. */
    private static Ending ending(int status, String text) {
        if (status >= 200 && status < 300) {
            return Ending.ENDED;
        }
        if (status == 404 || status == 410) {
            return Ending.UNKNOWN;
        }
        if (status == 400 && text.contains("completed")) {
            return Ending.COMPLETE;
        }
        throw new IllegalStateException("Storage answered " + status + " to the end of an upload");
    }

    /**
     * The object at a place; empty if there is none, or no such bucket.
     *
     * @param encodedPath bucket and path, percent-encoded
     */
    public Mono<Stored> find(String encodedPath) {
        return asked(HttpMethod.GET, "/object/info/" + encodedPath)
                .exchangeToMono(answer -> answer.statusCode().is2xxSuccessful() ? stored(answer) : absent(answer))
                .transform(this::guarded);
    }

    private static Mono<Stored> stored(ClientResponse answer) {
        return answer.bodyToMono(Info.class)
                .filter(info -> info.lastModified() != null)
                .map(info -> new Stored(
                        info.version(),
                        OffsetDateTime.parse(String.valueOf(info.lastModified()))
                                .toInstant()))
                .switchIfEmpty(Mono.error(
                        () -> new IllegalStateException("Storage does not say when the object was modified")));
    }

    private static Mono<Stored> absent(ClientResponse answer) {
        return StorageRefusal.read(answer)
                .flatMap(refusal -> refusal.isNotFound()
                        ? Mono.empty()
                        : Mono.error(new IllegalStateException("Storage answered " + refusal)));
    }

    private RequestBodySpec asked(HttpMethod method, String path) {
        return client.method(method)
                .uri(URI.create(base + path))
                .header("apikey", serviceKey)
                .header(HttpHeaders.AUTHORIZATION, "Bearer " + serviceKey);
    }

    private <T> Mono<T> guarded(Mono<T> call) {
        return breaker.run(
                        UnreadAnswers.releasedAfter(call.timeout(timeout)).onErrorMap(BackgroundFailure::new),
                        Mono::error)
                .onErrorMap(BackgroundFailure.class, BackgroundFailure::failure);
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Info(
            @Nullable String version,
            @JsonProperty("last_modified") @Nullable String lastModified) {}
}
