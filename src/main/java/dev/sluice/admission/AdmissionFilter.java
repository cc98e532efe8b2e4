package dev.sluice.admission;

import dev.sluice.intent.UploadBatch;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.ProblemException;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Settles every claim of a request at once. Always in the chain, so that a declared claim cannot be forgotten; a request
 * without claims passes untouched, and does not wait for what its shadows would say. A retry or a {@code forward:} reuses the first decision, a refusal as well.
 */
final class AdmissionFilter implements GlobalFilter, Ordered {

    /** After the route's filters (from 1) and before signing (9500) and the gateway's routing (from 10000). */
    static final int ORDER = 9000;

    private final AdmissionChain admissions;
    private final Subjects subjects;
    private final SizeLimit sizes;
    private final Shadows shadows;

    AdmissionFilter(AdmissionChain admissions, Subjects subjects, SizeLimit sizes, Shadows shadows) {
        this.admissions = admissions;
        this.subjects = subjects;
        this.sizes = sizes;
        this.shadows = shadows;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Admission admission = Admission.of(exchange);
        if (!admission.isEmpty()) {
            return admission.decided(() -> decide(exchange)).then(chain.filter(exchange));
        }
        if (!admission.judgeShadows()) {
            return chain.filter(exchange);
        }
        Subject subject = subjects.of(exchange);
        shadows.size(subject, UploadBatch.largest(exchange));
        shadows.judgeAlone(subject);
        return chain.filter(exchange);
    }

    private Mono<Void> decide(ServerWebExchange exchange) {
        Subject subject = subjects.of(exchange);
        UploadIntent largest = UploadBatch.largest(exchange);
        ProblemException tooLarge = sizes.check(subject, largest);
        return tooLarge != null
                ? Mono.error(tooLarge)
                : admissions.decide(subject).then(Mono.fromRunnable(() -> shadows.size(subject, largest)));
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
