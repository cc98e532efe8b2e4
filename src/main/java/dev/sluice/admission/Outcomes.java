package dev.sluice.admission;

import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadBatch;
import dev.sluice.journal.UsageEvent;
import dev.sluice.problem.ProblemException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;

/**
 * Records how admitted requests ended and gives charges back where the operation had no effect: it failed before it could
 * have one, or was answered with an error. An operation that may have happened (its body was sent, and then no answer
 * came) stays charged. A body that broke off in its middle stays charged with the bytes that passed: whoever sends them
 * again and again must not do it for nothing.
 *
 * <p>A refund is durable before its client has an answer: nobody is told of a failure that stays charged.
 */
final class Outcomes {

    private final UsageSink usage;
    private final AdmissionRequests requests;
    private final Subjects subjects;
    private final RedisBudget redisBudget;

    Outcomes(UsageSink usage, AdmissionRequests requests, Subjects subjects, RedisBudget redisBudget) {
        this.usage = usage;
        this.requests = requests;
        this.subjects = subjects;
        this.redisBudget = redisBudget;
    }

    /** The answer's head is about to be written. What it gives back, all or a part, is durable before the client sees it. */
    Mono<Void> answering(ServerWebExchange exchange) {
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        boolean givesBack = !Admission.of(exchange).toGiveBack().isNothing();
        return givesBack || (status != null && status.isError()) ? answered(exchange) : Mono.empty();
    }

    /** The answer was written, or the filters are done without one. */
    Mono<Void> answered(ServerWebExchange exchange) {
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        if (status == null || !status.isError()) {
            return finish(exchange, null, admission -> false);
        }
        boolean hadNoEffect = !status.isSameCodeAs(HttpStatus.GATEWAY_TIMEOUT);
        return finish(exchange, "HTTP_" + status.value(), admission -> hadNoEffect);
    }

    /**
     * The request is refused; the refund is durable before the error body is written. A client that went while it was
     * answered may have read the answer.
     */
    Mono<Void> failed(ServerWebExchange exchange, Throwable error) {
        return error instanceof AbortedException && exchange.getResponse().isCommitted()
                ? answered(exchange)
                : finish(exchange, code(error), admission -> !admission.isInDoubt());
    }

    private static String code(Throwable error) {
        if (error instanceof ProblemException refused) {
            return refused.problem().code().name();
        }
        return error instanceof AbortedException ? "CANCELLED" : "INTERNAL_ERROR";
    }

    /** The client is gone: an answer on its way was an answer; else only what cannot have happened is given back. */
    void cancelled(ServerWebExchange exchange) {
        var unused = exchange.getResponse().isCommitted()
                ? answered(exchange)
                : finish(exchange, "CANCELLED", admission -> !admission.isInDoubt());
    }

    /**
     * Starts at once: a client that leaves in this moment must not take the end of its request with it.
     *
     * @param hadNoEffect asked once the admission changes no more
     */
    private Mono<Void> finish(ServerWebExchange exchange, @Nullable String failure, Predicate<Admission> hadNoEffect) {
        Admission admission = Admission.of(exchange);
        if (!admission.finish()) {
            return Mono.empty();
        }
        UsageEvent charge = admission.charge();
        Transfer transfer = admission.transfer();
        Long passed = transfer == null ? null : transfer.end();
        boolean neverBegan = failure != null && transfer != null && transfer.hasBody() && transfer.end() == 0;
        boolean effectless = neverBegan || hadNoEffect.test(admission);
        boolean brokeOff = failure != null && passed != null && charge != null && passed < charge.bytes();
        Mono<Void> refund = admission
                .mayGiveBack(failure != null, effectless || brokeOff)
                .flatMap(may -> may && charge != null
                        ? refund(exchange, effectless ? charge : left(charge, passed, admission.toGiveBack()))
                        : Mono.empty());
        CompletableFuture<Void> end = Mono.when(refund, outcome(exchange, admission, charge, passed, failure))
                .toFuture();
        return end.isDone() && !end.isCompletedExceptionally() ? Mono.empty() : Mono.fromFuture(end, true);
    }

    private Mono<Void> refund(ServerWebExchange exchange, @Nullable UsageEvent back) {
        return back == null
                ? Mono.empty()
                : usage.refund(
                        back, redisBudget.left(RequestContext.of(exchange).timings()));
    }

    /** The part of a charge that was not done, or did not pass; null if there is none. */
    private static @Nullable UsageEvent left(UsageEvent charge, @Nullable Long passed, Admission.GiveBack notDone) {
        if (!notDone.isNothing()) {
            return charge.part(notDone.amount(charge), notDone.bytes(charge));
        }
        return passed == null || passed >= charge.bytes() ? null : charge.part(0, charge.bytes() - passed);
    }

    /** @param passed of the body, in bytes; null where none passes here: then what was declared counts, if all went well */
    private Mono<Void> outcome(
            ServerWebExchange exchange,
            Admission admission,
            @Nullable UsageEvent charge,
            @Nullable Long passed,
            @Nullable String failure) {
        Subject subject = subjects.of(exchange);
        if (!admission.isSettled() || subject.caller() == null) {
            return Mono.empty();
        }
        long bytes = passed != null ? passed : failure == null ? UploadBatch.declaredBytes(exchange) : 0;
        return usage.outcome(requests.outcome(subject, charge, bytes, failure));
    }
}
