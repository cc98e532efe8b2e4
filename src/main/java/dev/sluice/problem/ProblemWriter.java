package dev.sluice.problem;

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

/** Writes the one error form: our JSON, or RFC 9457 where the client asks for {@code application/problem+json}. */
public final class ProblemWriter {

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
        byte[] body = bytes(problem, requestId, rfc9457);
        response.getHeaders().setContentType(rfc9457 ? MediaType.APPLICATION_PROBLEM_JSON : MediaType.APPLICATION_JSON);
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
