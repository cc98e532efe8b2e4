package dev.sluice.tracing;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/** The spans of commands to Redis. */
public final class RedisCalls {

    private static final String REDIS = "redis";
    private static final String EVALSHA = "EVALSHA";

    private final @Nullable String host;
    private final int port;

    /**
     * @param host of the one server; null where who is asked depends on the key or on Sentinels
     * @param port of the one server
     */
    public RedisCalls(@Nullable String host, int port) {
        this.host = host;
        this.port = port;
    }

    /**
     * The command, with a span of its own if its request is sampled.
     *
     * @param script the script that it calls; null for another command
     */
    public <T> Mono<T> traced(ContextView context, @Nullable String script, Mono<T> command) {
        Trace trace = Trace.of(context);
        if (trace == null) {
            return command;
        }
        return trace.calling(
                script == null ? REDIS : EVALSHA + " " + script,
                span -> {
                    span.setAttribute(Attributes.DB_SYSTEM, REDIS);
                    if (script != null) {
                        span.setAttribute(Attributes.DB_OPERATION, EVALSHA)
                                .setAttribute(Attributes.DB_PROCEDURE, script);
                    }
                    if (host != null) {
                        Attributes.server(span, host, port);
                    }
                },
                place -> command);
    }
}
