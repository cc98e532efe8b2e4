package dev.sluice.admission;

import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.shadow.WouldRefuse;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** What filters in shadow mode would claim. Whatever goes wrong while that is found out is counted, and the request passes. */
final class ShadowClaims {

    private final WouldRefuse wouldRefuse;

    ShadowClaims(WouldRefuse wouldRefuse) {
        this.wouldRefuse = wouldRefuse;
    }

    /** @param check null for nothing to claim */
    void add(ServerWebExchange exchange, Object filter, Supplier<@Nullable ShadowCheck> check) {
        String operation = RequestContext.of(exchange).operation();
        wouldRefuse.guarded(operation == null ? "unknown" : operation, () -> {
            ShadowCheck found = check.get();
            if (found != null) {
                Admission.of(exchange).shadow(filter, found);
            }
        });
    }
}
