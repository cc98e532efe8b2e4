package dev.sluice.admission;

import dev.sluice.intent.UploadBatch;
import dev.sluice.problem.ProblemException;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Settles every claim of a request at once. Always in the chain, so that a declared claim cannot be forgotten; a request
 * without claims passes untouched. A retry or a {@code forward:} reuses the first decision, a refusal as well.
 */
final class AdmissionFilter implements GlobalFilter, Ordered {

    /** After the route's filters (from 1) and before signing (9500) and the gateway's routing (from 10000). */
    static final int ORDER = 9000;

    private final AdmissionChain admissions;
    private final Subjects subjects;
    private final SizeLimit sizes;

    AdmissionFilter(AdmissionChain admissions, Subjects subjects, SizeLimit sizes) {
        this.admissions = admissions;
        this.subjects = subjects;
        this.sizes = sizes;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Admission admission = Admission.of(exchange);
        return admission.isEmpty()
                ? chain.filter(exchange)
                : admission.decided(() -> decide(exchange)).then(Mono.defer(() -> chain.filter(exchange)));
    }

    private Mono<Void> decide(ServerWebExchange exchange) {
        Subject subject = subjects.of(exchange);
        ProblemException tooLarge = sizes.check(subject, UploadBatch.largest(exchange));
        return tooLarge != null
                ? Mono.error(tooLarge)
                : admissions.decide(subject).then();
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
