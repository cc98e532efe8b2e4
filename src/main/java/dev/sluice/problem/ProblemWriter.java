package dev.sluice.problem;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes refusals: our JSON, RFC 9457 where the client asks for {@code application/problem+json}, or what the request's
 * {@link ErrorForm} says.
 */
public final class ProblemWriter {

    private static final MediaType TEXT = new MediaType(MediaType.TEXT_PLAIN, StandardCharsets.UTF_8);

    private final JsonMapper json;

    public ProblemWriter(JsonMapper json) {
        this.json = json;
    }

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
        Map<String, Object> body = new LinkedHashMap<>();
        if (rfc9457) {
            body.put("type", "about:blank");
            body.put("title", problem.code().title());
            body.put("status", problem.status());
            body.put("detail", problem.detail());
        }
        body.put("success", false);
        body.put("error", problem.detail());
        body.put("code", problem.code().name());
        body.put("requestId", requestId);
        problem.fields().forEach(body::putIfAbsent);
        return json.writeValueAsBytes(body);
    }

    private byte[] asStorage(Problem problem, String requestId) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("statusCode", Integer.toString(problem.status()));
        body.put("error", problem.code().title());
        body.put("message", problem.detail());
        body.put("code", problem.code().name());
        body.put("requestId", requestId);
        problem.fields().forEach(body::putIfAbsent);
        return json.writeValueAsBytes(body);
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
