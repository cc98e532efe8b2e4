package dev.sluice.admission;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.exchange.Attribute;
import dev.sluice.intent.Resumable;
import dev.sluice.intent.UploadIntent;
import dev.sluice.ledger.Flight;
import dev.sluice.problem.ProblemException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Counts each proxied upload, and each part of a resumable one, as in flight from just before its admission to its end,
 * whatever that is.
 */
final class InFlightFilter implements GlobalFilter, Ordered {

    private static final Set<HttpMethod> WITH_BODY = Set.of(HttpMethod.PUT, HttpMethod.POST, HttpMethod.PATCH);
    private static final Attribute<InFlightFilter> COUNTED = Attribute.of(InFlightFilter.class);

    private final InFlight inFlight;
    private final Subjects subjects;

    InFlightFilter(InFlight inFlight, Subjects subjects) {
        this.inFlight = inFlight;
        this.subjects = subjects;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Long size = COUNTED.get(exchange) == null ? size(exchange) : null;
        return size == null ? chain.filter(exchange) : counted(exchange, chain, size.longValue());
    }

    /** The bytes that the request counts for while it is in flight; null if it does not count. */
    static @Nullable Long size(ServerWebExchange exchange) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.get(exchange);
        if (intent == null || !isProxiedUpload(exchange)) {
            return null;
        }
        long size = size(exchange, intent);
        return size == 0 && isBeginning(exchange) ? null : Long.valueOf(size);
    }

    private Mono<Void> counted(ServerWebExchange exchange, GatewayFilterChain chain, long size) {
        return Mono.defer(() -> {
            ProblemException full = inFlight.enter(size);
            if (full != null) {
                return Mono.error(full);
            }
            COUNTED.set(exchange, this);
            return leased(exchange, chain, size).doFinally(end -> inFlight.leave(size));
        });
    }

    private Mono<Void> leased(ServerWebExchange exchange, GatewayFilterChain chain, long size) {
        Subject subject = subjects.of(exchange);
        Flight flight = inFlight.claim(subject.context().requestId(), size);
        if (flight == null) {
            return chain.filter(exchange);
        }
        Admission admission = subject.claims();
        admission.claim(flight);
        inFlight.hold(subject.userId(), flight);
        return chain.filter(exchange).doFinally(end -> {
            inFlight.letGo(flight);
            admission.flightOver(() -> inFlight.release(subject.userId(), flight));
        });
    }

    /** What comes with this request; a resumable upload declares more when it begins, which comes with later ones. */
    private static long size(ServerWebExchange exchange, UploadIntent intent) {
        return isBeginning(exchange)
                ? Math.max(0, exchange.getRequest().getHeaders().getContentLength())
                : intent.declaredBytes();
    }

    private static boolean isBeginning(ServerWebExchange exchange) {
        Resumable resumable = Resumable.ATTRIBUTE.get(exchange);
        return resumable != null && resumable.step() == Resumable.Step.CREATE;
    }

    private static boolean isProxiedUpload(ServerWebExchange exchange) {
        @Nullable Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        String scheme = route == null ? "no" : route.getUri().getScheme();
        return WITH_BODY.contains(exchange.getRequest().getMethod())
                && !"no".equals(scheme)
                && !"forward".equals(scheme);
    }

    /** Just before the admission. */
    @Override
    public int getOrder() {
        return AdmissionFilter.ORDER - 10;
    }
}
