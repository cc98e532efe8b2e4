package dev.sluice.intent;

import java.util.function.Function;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** What becomes of an upload whose length its client does not say; without a bean of this, it is refused. */
public interface UnknownLength {

    /**
     * Finds the length out, and hands on an exchange whose request says it. Fails with a {@code ProblemException} where that
     * cannot be.
     *
     * @param next completes when nobody needs the body any more
     */
    Mono<Void> resolve(ServerWebExchange exchange, Function<ServerWebExchange, Mono<Void>> next);
}
