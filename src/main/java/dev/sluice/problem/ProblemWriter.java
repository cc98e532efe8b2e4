package dev.sluice.problem;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Writes refusals: our JSON, RFC 9457 where the client asks for {@code application/problem+json}, or what the request's
 * {@link ErrorForm} says.
 */
public final class ProblemWriter {

    private static final MediaType TEXT = new MediaType(MediaType.TEXT_PLAIN, StandardCharsets.UTF_8);

    /** The members that every form may have; no field of a problem takes their place. */
    private static final Set<String> OWN = Set.of(
            "type", "title", "status", "detail", "success", "error", "code", "requestId", "statusCode", "message");

    /** Completes when the answer is written; the response must not be committed yet. */
    public Mono<Void> write(ServerWebExchange exchange, Problem problem, String requestId) {
        ServerHttpResponse response = exchange.getResponse();
        response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
        problem.headers().forEach((name, value) -> response.getHeaders().set(name, value));
        boolean rfc9457 = accepts(exchange.getRequest().getHeaders().getOrEmpty(HttpHeaders.ACCEPT));
        ErrorForm form = ErrorForm.of(exchange);
        byte[] body;
        if (form == ErrorForm.TUS) {
            body = (problem.detail() + " (" + problem.code() + ")\n").getBytes(StandardCharsets.UTF_8);
            response.getHeaders().setContentType(TEXT);
            response.getHeaders().set("Tus-Resumable", "1.0.0");
        } else if (rfc9457) {
            body = bytes(problem, requestId, true);
            response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        } else {
            body = form == ErrorForm.SUPABASE ? asStorage(problem, requestId) : bytes(problem, requestId, false);
            response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        }
        response.getHeaders().setContentLength(body.length);
        response.getHeaders().setCacheControl("no-store");
        if (HttpMethod.HEAD.equals(exchange.getRequest().getMethod())) {
            return response.setComplete();
        }
        DataBuffer buffer = response.bufferFactory().wrap(body);
        return response.writeWith(Mono.just(buffer));
    }

    /** The body alone, for places without an exchange. */
    public byte[] bytes(Problem problem, String requestId, boolean rfc9457) {
        JsonText body = new JsonText();
        if (rfc9457) {
            body.member("type", "about:blank")
                    .member("title", problem.code().title())
                    .member("status", problem.status())
                    .member("detail", problem.detail());
        }
        body.member("success", false)
                .member("error", problem.detail())
                .member("code", problem.code().name())
                .member("requestId", requestId);
        return withFields(problem, body);
    }

    private static byte[] asStorage(Problem problem, String requestId) {
        JsonText body = new JsonText()
                .member("statusCode", Integer.toString(problem.status()))
                .member("error", problem.code().title())
                .member("message", problem.detail())
                .member("code", problem.code().name())
                .member("requestId", requestId);
        return withFields(problem, body);
    }

    private static byte[] withFields(Problem problem, JsonText body) {
        problem.fields().forEach((name, value) -> {
            if (!OWN.contains(name)) {
                body.value(name, value);
            }
        });
        return body.bytes();
    }

    /** Whether the values of an {@code Accept} header ask for {@code application/problem+json}. */
    public static boolean accepts(List<String> accept) {
        if (accept.isEmpty()) {
            return false;
        }
        try {
            return MediaType.parseMediaTypes(accept).stream()
                    .anyMatch(type -> type.equalsTypeAndSubtype(MediaType.APPLICATION_PROBLEM_JSON));
        } catch (InvalidMediaTypeException e) {
            return false;
        }
    }
}
