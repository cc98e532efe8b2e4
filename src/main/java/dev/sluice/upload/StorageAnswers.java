package dev.sluice.upload;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.caller.Caller;
import dev.sluice.problem.Problem;
import dev.sluice.supabase.StorageRefusal;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

/**
 * Turns what Supabase storage refuses into our refusals. Storage says nearly all of it with the status 400, and means what
 * stands in the body. Answers of other backends, and those of routes whose metadata say {@code sluice.backend-errors: pass},
 * are left as they are.
 */
final class StorageAnswers {

    /** Storage's own are below 1 KiB; of a longer one, as of a proxy before it, the rest is not waited for. */
    static final int MOST_BYTES = 16 * 1024;

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final String SETTING = "backend-errors";
    private static final String PASS = "pass";

    private final URI supabase;

    StorageAnswers(URI supabase) {
        this.supabase = supabase;
    }

    /** Completes if the backend's answer may be passed on; else fails with a {@code ProblemException}. */
    Mono<Void> check(ServerWebExchange exchange, URI target) {
        return Mono.defer(() -> {
            HttpStatusCode status = exchange.getResponse().getStatusCode();
            Connection connection = exchange.getAttribute(CLIENT_RESPONSE_CONN_ATTR);
            if (status == null
                    || !status.isError()
                    || connection == null
                    || !Target.isSameOrigin(target, supabase)
                    || passes(exchange.getAttribute(GATEWAY_ROUTE_ATTR))) {
                return Mono.empty();
            }
            Caller caller = Caller.ATTRIBUTE.get(exchange);
            boolean asCaller = caller != null && caller.accessToken() != null;
            exchange.getAttributes().remove(CLIENT_RESPONSE_CONN_ATTR);
            return read(connection)
                    .flatMap(body -> Mono.error(() -> {
                        forget(exchange);
                        return problem(StorageRefusal.of(status.value(), body), asCaller)
                                .exception();
                    }));
        });
    }

    private static Problem problem(StorageRefusal refusal, boolean asCaller) {
        return switch (refusal.status()) {
            case 503 -> Problem.supabase(503, "Storage is not available");
            case 504 -> Problem.supabase(504, "Storage did not answer in time");
            default -> refusal.problem(asCaller);
        };
    }

    /** The body's beginning. Cancelling the rest closes the connection. */
    private static Mono<byte[]> read(Connection connection) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        return connection
                .inbound()
                .receive()
                .doOnNext(buffer -> copy(buffer, body))
                .takeUntil(buffer -> body.size() == MOST_BYTES)
                .then(Mono.fromSupplier(body::toByteArray))
                .timeout(PATIENCE)
                .onErrorResume(error -> Mono.fromSupplier(body::toByteArray));
    }

    private static void copy(ByteBuf buffer, ByteArrayOutputStream body) {
        byte[] bytes = new byte[Math.min(buffer.readableBytes(), MOST_BYTES - body.size())];
        buffer.getBytes(buffer.readerIndex(), bytes);
        body.writeBytes(bytes);
    }

    /** The headers of the answer that is not passed on. */
    private static void forget(ServerWebExchange exchange) {
        Collection<String> names = exchange.getAttributeOrDefault(CLIENT_RESPONSE_HEADER_NAMES, List.of());
        names.forEach(exchange.getResponse().getHeaders()::remove);
    }

    private static boolean passes(@Nullable Route route) {
        if (route == null) {
            return false;
        }
        Object flat = route.getMetadata().get("sluice." + SETTING);
        Object nested = route.getMetadata().get("sluice") instanceof Map<?, ?> sluice ? sluice.get(SETTING) : null;
        return PASS.equals(flat) || PASS.equals(nested);
    }
}
