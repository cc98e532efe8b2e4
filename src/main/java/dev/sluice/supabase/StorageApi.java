package dev.sluice.supabase;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClient.RequestBodySpec;
import org.springframework.web.reactive.function.client.WebClient.RequestHeadersSpec;
import reactor.core.publisher.Mono;

/**
 * Asks storage-api to sign URLs, as the caller where there is an access token (row-level security applies), else with the
 * service key. A call is made once: it is never repeated here, nor by the connection pool.
 *
 * <p>Every method fails with a {@link ProblemException}: what storage decided (404, 409, 403, 401, 413, 415), or
 * {@link ProblemCode#SUPABASE_ERROR} with 502 for a bad answer, 503 for an open circuit or an overload, and 504 for none
 * within the timeout. A decision is an answer and does not count against the circuit.
 */
public final class StorageApi {

    private static final Logger log = LoggerFactory.getLogger(StorageApi.class);

    /** A JWT in its compact form: what may be put into a query as it is. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    private static final String TOKEN_PARAMETER = "?token=";

    private final WebClient client;
    private final URI base;
    private final String serviceKey;
    private final ReactiveCircuitBreaker breaker;
    private final ReactiveCircuitBreaker uploads;
    private final Duration timeout;

    /**
     * @param base the address of {@code /storage/v1}
     * @param serviceKey sent as {@code apikey}, and as bearer where the caller has none
     * @param breaker of signing, with its bulkhead
     * @param uploads of looking at resumable uploads, with a bulkhead of its own: they must not take the places of signing
     * @param timeout of one call
     */
    StorageApi(
            WebClient client,
            URI base,
            String serviceKey,
            ReactiveCircuitBreaker breaker,
            ReactiveCircuitBreaker uploads,
            Duration timeout) {
        this.client = client;
        this.base = base;
        this.serviceKey = serviceKey;
        this.breaker = breaker;
        this.uploads = uploads;
        this.timeout = timeout;
    }

    /**
     * The token for one upload, a compact JWS whose life the server decides.
     *
     * @param encodedPath bucket and path, percent-encoded
     * @param accessToken the caller's own, or null for the service key
     */
    public Mono<String> signUpload(String encodedPath, boolean upsert, @Nullable String accessToken) {
        RequestBodySpec plain = post("/object/upload/sign/" + encodedPath, accessToken);
        RequestHeadersSpec<?> request = upsert ? plain.header("x-upsert", "true") : plain;
        return call(request, accessToken, SignedUpload.class, SignedUpload::token);
    }

    /**
     * The token for downloads.
     *
     * @param encodedPath bucket and path, percent-encoded
     * @param expiresIn the token's life, in whole seconds
     * @param accessToken the caller's own, or null for the service key
     */
    public Mono<String> signDownload(String encodedPath, Duration expiresIn, @Nullable String accessToken) {
        RequestHeadersSpec<?> request = post("/object/sign/" + encodedPath, accessToken)
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(Map.of("expiresIn", expiresIn.toSeconds()));
        return call(request, accessToken, SignedDownload.class, SignedDownload::token);
    }

    /**
     * Uploads nothing with an upload token into a bucket or path that does not exist.
     *
     * @return whether storage accepted the token itself; fails as the others if it gave no usable answer
     */
    public Mono<Boolean> acceptsUploadToken(String encodedPath, String token) {
        return guarded(
                        breaker,
                        client.put()
                                .uri(URI.create(base + "/object/upload/sign/" + encodedPath + TOKEN_PARAMETER + token))
                                .contentLength(0)
                                .exchangeToMono(answer -> StorageRefusal.read(answer)
                                        .<Result<Boolean>>map(refusal -> refusal.isTokenRefused()
                                                ? new Result.Signed<>(false)
                                                : refusal.isNotFound()
                                                        ? new Result.Signed<>(true)
                                                        : new Result.Refused<>(refusal.unexpected()))))
                .flatMap(Result::mono);
    }

    /**
     * How far a resumable upload is (tus 1.0.0, HEAD).
     *
     * @param path of the upload below {@code /storage/v1}, percent-encoded
     * @param credentials the caller's own, which storage judges, and ours are not sent; null for the service key
     */
    public Mono<UploadState> uploadState(String path, @Nullable HttpHeaders credentials) {
        return guarded(
                        uploads,
                        client.head()
                                .uri(URI.create(base + path))
                                .headers(headers -> headers.addAll(credentials == null ? ours() : credentials))
                                .header("Tus-Resumable", "1.0.0")
                                .exchangeToMono(answer -> answer.statusCode().is2xxSuccessful()
                                        ? answer.releaseBody().then(Mono.defer(() -> state(answer.headers())))
                                        : StorageRefusal.read(answer).flatMap(StorageApi::unknownUpload)))
                .flatMap(Result::mono);
    }

    private HttpHeaders ours() {
        HttpHeaders headers = new HttpHeaders();
        headers.set("apikey", serviceKey);
        headers.setBearerAuth(serviceKey);
        return headers;
    }

    private static Mono<Result<UploadState>> state(ClientResponse.Headers headers) {
        Long offset = number(headers, "Upload-Offset");
        return offset == null
                ? Mono.error(bad("Storage does not say how far the upload is"))
                : Mono.just(new Result.Signed<>(new UploadState(number(headers, "Upload-Length"), offset)));
    }

    private static @Nullable Long number(ClientResponse.Headers headers, String name) {
        List<String> values = headers.header(name);
        return values.size() == 1 && NUMBER.matcher(values.get(0)).matches() ? Long.valueOf(values.get(0)) : null;
    }

    private static Mono<Result<UploadState>> unknownUpload(StorageRefusal refusal) {
        if (refusal.isFailure()) {
            return Mono.error(refusal.problem(true).exception());
        }
        return Mono.just(new Result.Refused<>(
                switch (refusal.status()) {
                    case 404, 410 ->
                        Problem.of(ProblemCode.OBJECT_NOT_FOUND).detail("Storage knows no such upload, or no longer");
                    case 401, 403 ->
                        Problem.of(ProblemCode.BUCKET_ACCESS_DENIED).detail("Storage does not let you go on with it");
                    default ->
                        Problem.invalid("request", "Storage does not accept this", "Begin the upload anew")
                                .status(refusal.status());
                }));
    }

    private RequestBodySpec post(String path, @Nullable String accessToken) {
        return client.post()
                .uri(URI.create(base + path))
                .header("apikey", serviceKey)
                .headers(headers -> headers.setBearerAuth(accessToken == null ? serviceKey : accessToken));
    }

    private <A> Mono<String> call(
            RequestHeadersSpec<?> request,
            @Nullable String accessToken,
            Class<A> type,
            Function<A, @Nullable String> token) {
        return guarded(
                        breaker,
                        request.exchangeToMono(answer -> answer.statusCode().is2xxSuccessful()
                                ? signed(answer, type, token)
                                : StorageRefusal.read(answer)
                                        .flatMap(refusal -> refused(refusal, accessToken != null))))
                .flatMap(Result::mono);
    }

    private static <A> Mono<Result<String>> signed(
            ClientResponse answer, Class<A> type, Function<A, @Nullable String> token) {
        return answer.bodyToMono(type)
                .mapNotNull(token)
                .filter(found -> TOKEN.matcher(found).matches())
                .switchIfEmpty(Mono.error(() -> bad("Storage's answer has no token")))
                .map(Result.Signed::new);
    }

    private static Mono<Result<String>> refused(StorageRefusal refusal, boolean asCaller) {
        Problem problem = refusal.problem(asCaller);
        if (refusal.isFailure()) {
            return Mono.error(problem.exception());
        }
        if (problem.code() == ProblemCode.SUPABASE_ERROR) {
            log.error("Storage refused a call that it should not: {}", refusal);
        }
        return Mono.just(new Result.Refused<>(problem));
    }

    private <T> Mono<T> guarded(ReactiveCircuitBreaker guard, Mono<T> call) {
        return guard.run(UnreadAnswers.releasedAfter(call.timeout(timeout)), Mono::error)
                .onErrorMap(e -> !(e instanceof ProblemException), StorageApi::problem);
    }

    private static ProblemException problem(Throwable error) {
        if (error instanceof TimeoutException) {
            return Problem.supabase(504, "Storage did not answer in time").exception();
        }
        if (error instanceof CallNotPermittedException || error instanceof BulkheadFullException) {
            return Problem.supabase(503, "Storage is failing or overloaded and is not asked at the moment")
                    .exception();
        }
        log.warn("Storage gave no usable answer: {}", error.toString());
        return bad("Storage gave no usable answer");
    }

    private static ProblemException bad(String detail) {
        return Problem.supabase(502, detail).exception();
    }

    /** What storage decided: a value, so that the circuit counts it as the answer that it is. */
    private sealed interface Result<T> {
        Mono<T> mono();

        record Signed<T>(T value) implements Result<T> {
            @Override
            public Mono<T> mono() {
                return Mono.just(value);
            }
        }

        record Refused<T>(Problem problem) implements Result<T> {
            @Override
            public Mono<T> mono() {
                return Mono.error(problem.exception());
            }
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record SignedUpload(@Nullable String token) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record SignedDownload(@Nullable String signedURL) {

        /** The last parameter: a path may contain the same characters, since storage does not encode it here. */
        @Nullable String token() {
            int at = signedURL == null ? -1 : signedURL.lastIndexOf(TOKEN_PARAMETER);
            return signedURL == null || at < 0 ? null : signedURL.substring(at + TOKEN_PARAMETER.length());
        }
    }
}
