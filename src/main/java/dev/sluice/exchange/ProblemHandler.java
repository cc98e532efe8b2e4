package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import dev.sluice.problem.ProblemWriter;
import java.util.EnumMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;

/**
 * Turns every error of a request into the one error form, with one log line that carries its id and timings; of each kind of
 * refusal by a limit, with ten lines a second, since an abuser is not to cost more than others. That the client has gone is not
 * one: anybody can do it at any time, and nobody reads the answer.
 */
final class ProblemHandler implements WebExceptionHandler, Ordered {

    private static final Logger log = LoggerFactory.getLogger(ProblemHandler.class);

    private static final int TOO_MANY_REQUESTS = 429;

    /** For the metrics of the platform, as nginx has it; nobody reads it. */
    private static final HttpStatusCode CLIENT_CLOSED_REQUEST = HttpStatusCode.valueOf(499);

    /** Lines of one kind of refusal in a second: who is over a limit comes as often as they can. */
    private static final int LINES = 10;

    private final ProblemWriter writer;

    /** Of refusals that tell a caller to come less often. */
    private final Map<ProblemCode, LineLimit> lines = new EnumMap<>(ProblemCode.class);

    ProblemHandler(ProblemWriter writer) {
        this.writer = writer;
        for (ProblemCode code : ProblemCode.values()) {
            if (code.status() == TOO_MANY_REQUESTS || code == ProblemCode.QUOTA_EXCEEDED) {
                lines.put(code, new LineLimit(LINES, System::nanoTime));
            }
        }
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
        RequestContext context = RequestContext.of(exchange);
        if (error instanceof AbortedException) {
            context.clientIsGone();
            exchange.getResponse().setStatusCode(CLIENT_CLOSED_REQUEST);
            return Mono.empty();
        }
        Problem problem = problem(error);
        context.refusal(problem.code().name());
        LineLimit limit = lines.get(problem.code());
        long untold = limit == null ? 0 : limit.take();
        if (untold != LineLimit.NONE) {
            try (LogScope scope = context.logging()) {
                log(exchange, context, problem, error, LineLimit.more(untold));
            }
        }
        if (exchange.getResponse().isCommitted()) {
            return Mono.error(error);
        }
        exchange.getResponse().getHeaders().clearContentHeaders();
        return writer.write(exchange, problem, context.requestId());
    }

    private static Problem problem(Throwable error) {
        if (error instanceof ProblemException refused) {
            return refused.problem();
        }
        if (error instanceof ResponseStatusException status) {
            return problem(status);
        }
        return Problem.of(ProblemCode.INTERNAL_ERROR);
    }

    private static Problem problem(ResponseStatusException error) {
        int status = error.getStatusCode().value();
        return switch (status) {
            case 404 -> Problem.of(ProblemCode.NOT_FOUND).detail("No route matches this method and path");
            case 408 -> Problem.of(ProblemCode.REQUEST_TIMEOUT);
            case 411 -> Problem.of(ProblemCode.LENGTH_REQUIRED);
            case 413 -> Problem.of(ProblemCode.PAYLOAD_TOO_LARGE);
            case 414 -> Problem.of(ProblemCode.URI_TOO_LONG);
            case 415 -> Problem.of(ProblemCode.UNSUPPORTED_MEDIA_TYPE);
            case 431 -> Problem.of(ProblemCode.HEADERS_TOO_LARGE);
            case 500 -> Problem.of(ProblemCode.INTERNAL_ERROR);
            default -> status < 500 ? invalid(status) : Problem.supabase(status, ProblemCode.SUPABASE_ERROR.title());
        };
    }

    private static Problem invalid(int status) {
        return Problem.invalid("request", "The request cannot be served as it is", "Check its method, headers and path")
                .status(status);
    }

    private static void log(
            ServerWebExchange exchange, RequestContext context, Problem problem, Throwable error, String more) {
        String line = "{} {} {} operation={} method={} clientRequestId={}: {} [{}]{}";
        Object[] facts = {
            context.requestId(),
            problem.status(),
            problem.code(),
            context.operation(),
            exchange.getRequest().getMethod(),
            context.clientRequestId(),
            problem.detail(),
            context.timings().header(),
            more
        };
        if (problem.code() == ProblemCode.INTERNAL_ERROR) {
            log.atError().setCause(error).log(line, facts);
        } else if (problem.status() >= 500) {
            log.warn(line, facts);
        } else {
            log.info(line, facts);
        }
    }

    /** Before Spring Boot's own handler, which is at -1. */
    @Override
    public int getOrder() {
        return -2;
    }
}
