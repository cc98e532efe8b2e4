package dev.sluice.tracing;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;

/**
 * The spans of calls to Supabase, from their request to the head of the answer, and of those to backends, to its end; and
 * {@code traceparent}.
 */
public final class HttpCalls {

    private static final String FUNCTIONS = "/rpc/";
    private static final String BAGGAGE = "baggage";
    private static final String TRACE_STATE = "tracestate";
    private static final int TRACE_ID_AT = 3;
    private static final int TRACE_ID_LENGTH = 32;

    private HttpCalls() {}

    /** For a {@code WebClient}. */
    public static ExchangeFilterFunction traced() {
        return (request, next) -> Mono.deferContextual(context -> {
            Trace trace = Trace.of(context);
            return trace == null ? next.exchange(request) : traced(trace, request, next);
        });
    }

    private static Mono<ClientResponse> traced(Trace trace, ClientRequest request, ExchangeFunction next) {
        String method = Attributes.method(request.method().name());
        String function = function(request.url());
        return trace.calling(
                function == null ? method : method + " " + function,
                span -> {
                    span.setAttribute(Attributes.METHOD, method);
                    Attributes.server(
                            span, request.url().getHost(), request.url().getPort());
                    if (function != null) {
                        span.setAttribute(Attributes.DB_SYSTEM, "postgresql")
                                .setAttribute(Attributes.DB_PROCEDURE, function);
                    }
                },
                place -> next.exchange(ClientRequest.from(request)
                                .headers(headers -> headers.set(TraceParent.HEADER, place.traceparent()))
                                .build())
                        .doOnNext(answer -> Attributes.status(
                                place.span(), answer.statusCode().value())));
    }

    /** The database's function that PostgREST is asked for, whose name is ours; null for another call. */
    private static @Nullable String function(URI url) {
        String path = url.getRawPath();
        int at = path.startsWith("/rest/") ? path.indexOf(FUNCTIONS) : -1;
        return at < 0 ? null : path.substring(at + FUNCTIONS.length());
    }

    /**
     * The gateway's client of backends. A client's own headers of tracing end here: {@code traceparent} goes on as
     * ours, baggage does not, and {@code tracestate} only with the trace that it belongs to.
     */
    static HttpClient traced(HttpClient client) {
        return client.doOnRequest(HttpCalls::passOn).doOnResponse((answer, connection) -> {
            Trace trace = Trace.of(answer.currentContextView());
            if (trace != null) {
                trace.callAnswered(answer.status().code());
            }
        });
    }

    private static void passOn(HttpClientRequest request, Connection connection) {
        request.requestHeaders().remove(BAGGAGE);
        Trace trace = Trace.of(request.currentContextView());
        if (trace == null) {
            request.requestHeaders().remove(TraceParent.HEADER).remove(TRACE_STATE);
            return;
        }
        String method = Attributes.method(request.method().name());
        Trace place = trace.callStarted(method, span -> {
            span.setAttribute(Attributes.METHOD, method);
            if (connection.channel().remoteAddress() instanceof InetSocketAddress server) {
                Attributes.server(span, server.getHostString(), server.getPort());
            }
        });
        String own = place.traceparent();
        if (!isContinued(request, own)) {
            request.requestHeaders().remove(TRACE_STATE);
        }
        request.header(TraceParent.HEADER, own);
    }

    /** Whether the client's trace id is the one that goes on. */
    private static boolean isContinued(HttpClientRequest request, String own) {
        List<String> given = request.requestHeaders().getAll(TraceParent.HEADER);
        return given.size() == 1 && given.get(0).regionMatches(TRACE_ID_AT, own, TRACE_ID_AT, TRACE_ID_LENGTH);
    }
}
