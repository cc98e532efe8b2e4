package dev.sluice.storage;

import dev.sluice.admission.Admission;
import dev.sluice.intent.Resumable;
import dev.sluice.intent.UploadIntent;
import dev.sluice.journal.UsageEvent;
import dev.sluice.problem.ProblemException;
import dev.sluice.supabase.UploadState;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.OrderedGatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code ResumableUpload}: what a resumable upload (tus 1.0.0) needs of the edge, after {@code UploadIntent=resumable}. Tells
 * the client the edge's own address for the upload that began, and lets no request bring more than is missing of the length
 * that was declared and charged when it began, whatever storage would take. Of an upload that is given up, what had not come
 * is given back before its client is answered; of one that is left alone, all, when it has expired.
 */
public final class ResumableUploadGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

    /** After the admission (9000), before the target is called. */
    private static final int ORDER = 9600;

    /** For Redis to take a refund, before it goes to the journal. */
    private static final Duration REFUND = Duration.ofSeconds(1);

    private static final String OFFSET = "Upload-Offset";

    private final Locations locations;
    private final Remainders remainders;
    private final Reservations reservations;

    ResumableUploadGatewayFilterFactory(Locations locations, Remainders remainders, Reservations reservations) {
        this.locations = locations;
        this.remainders = remainders;
        this.reservations = reservations;
    }

    @Override
    public GatewayFilter apply(Object config) {
        return new OrderedGatewayFilter(
                (exchange, chain) -> switch (Resumable.ATTRIBUTE
                        .require(exchange)
                        .step()) {
                    case CREATE -> create(exchange, chain);
                    case APPEND -> append(exchange, chain);
                    case TERMINATE -> terminate(exchange, chain);
                    case STATE -> chain.filter(exchange);
                },
                ORDER);
    }

    /**
     * The address is the edge's before the answer is kept for a repetition, and the upload is waited for after that: of an
     * upload that a repetition begins once more, nobody lives on the charge.
     */
    private Mono<Void> create(ServerWebExchange exchange, GatewayFilterChain chain) {
        Long length = UploadIntent.ATTRIBUTE.require(exchange).contentLength();
        return chain.filter(exchange)
                .then(Mono.<Void>fromRunnable(() -> {
                    String id = locations.rewrite(exchange);
                    if (id != null && isSuccess(exchange) && !isWhole(exchange.getResponse(), length)) {
                        exchange.getResponse().beforeCommit(() -> begun(exchange, id));
                    }
                }))
                .doOnError(error -> mayHaveBegun(exchange))
                .doOnCancel(() -> mayHaveBegun(exchange));
    }

    /** Its client will never know its address; the charge stays until it is certain that nothing is stored. */
    private void mayHaveBegun(ServerWebExchange exchange) {
        Admission admission = Admission.of(exchange);
        if (admission.isInDoubt() && !admission.isRepeatable()) {
            var unused = begun(exchange, "").toFuture();
        }
    }

    private Mono<Void> begun(ServerWebExchange exchange, String id) {
        Admission admission = Admission.of(exchange);
        UsageEvent charge = admission.charge();
        return charge == null || charge.bytes() == 0 || !admission.isChargeItsOwn()
                ? Mono.empty()
                : reservations.begun(
                        charge, UploadIntent.ATTRIBUTE.require(exchange).object(), id);
    }

    private Mono<Void> append(ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.require(exchange);
        return remainders
                .state(exchange)
                .doOnNext(known -> Remainders.require(known, exchange.getRequest(), intent.contentLength()))
                .flatMap(known -> chain.filter(exchange)
                        .then(Mono.defer(() -> isSuccess(exchange) && isWhole(exchange.getResponse(), known.length())
                                ? reservations.finished(id(exchange))
                                : Mono.empty())));
    }

    /** Where storage does not say how much had come, what is given back waits until the upload would have expired. */
    private Mono<Void> terminate(ServerWebExchange exchange, GatewayFilterChain chain) {
        return remainders
                .state(exchange)
                .map(Optional::of)
                .onErrorResume(ProblemException.class, error -> Mono.just(Optional.empty()))
                .flatMap(last -> chain.filter(exchange)
                        .then(Mono.defer(() -> last.filter(known -> isSuccess(exchange))
                                .map(known -> reservations.givenUp(id(exchange), missing(known), REFUND))
                                .orElseGet(Mono::empty))));
    }

    private static long missing(UploadState state) {
        Long length = state.length();
        return length == null ? 0 : Math.max(0, length - state.offset());
    }

    private static String id(ServerWebExchange exchange) {
        String path = Resumable.ATTRIBUTE.require(exchange).path();
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static boolean isSuccess(ServerWebExchange exchange) {
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        return status != null && status.is2xxSuccessful();
    }

    private static boolean isWhole(ServerHttpResponse response, @Nullable Long length) {
        return length != null
                && Long.toString(length).equals(response.getHeaders().getFirst(OFFSET));
    }
}
