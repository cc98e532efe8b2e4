package dev.sluice.supabase;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/** Calls the database's functions through PostgREST, as service role. */
public final class PostgRest {

    /** PostgREST could not read the body. */
    private static final String UNREADABLE = "PGRST102";

    private final WebClient client;
    private final ReactiveCircuitBreaker breaker;
    private final Duration timeout;

    /**
     * @param client with the base address of {@code /rest/v1} and the service key's headers
     * @param breaker with its bulkhead
     * @param timeout of one call
     */
    public PostgRest(WebClient client, ReactiveCircuitBreaker breaker, Duration timeout) {
        this.client = client;
        this.breaker = breaker;
        this.timeout = timeout;
    }

    /** The same database for calls that must neither take the others' places nor open their circuit. */
    public PostgRest behind(ReactiveCircuitBreaker other) {
        return new PostgRest(client, other, timeout);
    }

    /**
     * Calls {@code function} with named arguments: an object or map that becomes one JSON object, or a string that is one.
     *
     * @return the decoded answer; empty if the function answered null. Fails with {@link DatabaseUnavailableException} or
     *     {@link DatabaseRejectedException}
     */
    public <T> Mono<T> rpc(String function, Object arguments, ParameterizedTypeReference<T> type) {
        return breaker.run(Mono.defer(() -> call(function, arguments, type)), Mono::error)
                .onErrorMap(PostgRest::unavailable);
    }

    /**
     * As {@link #rpc}, for work that no request waits for and that tries again at its own pace. It fails at once while the
     * circuit is open, and its own failures never open it: a function that fails in the background must not take the
     * database from the requests.
     */
    public <T> Mono<T> rpcInBackground(String function, Object arguments, ParameterizedTypeReference<T> type) {
        Mono<T> call = Mono.defer(() -> call(function, arguments, type)).onErrorMap(BackgroundFailure::new);
        return breaker.run(call, Mono::error)
                .onErrorMap(BackgroundFailure.class, BackgroundFailure::failure)
                .onErrorMap(PostgRest::unavailable);
    }

    private <T> Mono<T> call(String function, Object arguments, ParameterizedTypeReference<T> type) {
        return UnreadAnswers.releasedAfter(client.post()
                .uri("/rpc/{function}", function)
                .contentType(MediaType.APPLICATION_JSON)
                .accept(MediaType.APPLICATION_JSON)
                .bodyValue(arguments)
                .exchangeToMono(
                        answer -> answer.statusCode().is2xxSuccessful() ? answer.bodyToMono(type) : failure(answer))
                .timeout(timeout));
    }

    private static <T> Mono<T> failure(ClientResponse answer) {
        int status = answer.statusCode().value();
        return answer.bodyToMono(ErrorBody.class)
                .onErrorReturn(ErrorBody.NONE)
                .defaultIfEmpty(ErrorBody.NONE)
                .flatMap(body -> Mono.error(
                        status >= 400 && status < 500 && isVerdict(body.codeOrNone())
                                ? new DatabaseRejectedException(body.codeOrNone(), body.messageOrNone())
                                : new DatabaseUnavailableException(
                                        "PostgREST answered " + status + " " + body.codeOrNone() + ": "
                                                + body.messageOrNone(),
                                        null)));
    }

    /**
     * Whether the arguments were judged: invalid data (SQLSTATE class 22) or against a constraint (23). Every other answer may
     * be another one later, as that of a database which is read-only for now (25006, with status 405).
     */
    private static boolean isVerdict(String code) {
        return code.equals(UNREADABLE) || (code.length() == 5 && (code.startsWith("22") || code.startsWith("23")));
    }

    /** PostgREST's error body. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    private record ErrorBody(
            @Nullable String code, @Nullable String message) {

        static final ErrorBody NONE = new ErrorBody(null, null);

        String codeOrNone() {
            return code == null ? "no code" : code;
        }

        String messageOrNone() {
            return message == null ? "no message" : message;
        }
    }

    private static Throwable unavailable(Throwable error) {
        return error instanceof DatabaseRejectedException || error instanceof DatabaseUnavailableException
                ? error
                : new DatabaseUnavailableException("The database did not answer: " + error, error);
    }
}
