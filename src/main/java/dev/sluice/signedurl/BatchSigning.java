package dev.sluice.signedurl;

import dev.sluice.admission.Admission;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.intent.UploadBatch;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Signs the items of a batch, a few at a time. All or nothing: the first item that cannot be signed fails the batch, whose
 * URLs are then told to nobody. A partial batch says it item by item, has the share of what was not signed given back, and
 * fails only if nothing was signed at all.
 */
final class BatchSigning {

    /** Calls to storage of one batch that are under way at once. */
    private static final int CONCURRENCY = 8;

    private final SignedUrls signedUrls;

    BatchSigning(SignedUrls signedUrls) {
        this.signedUrls = signedUrls;
    }

    /** What became of one item: it was signed, or refused. */
    sealed interface Signed {

        record Url(UploadIntent intent, Signer.SignedUrl url) implements Signed {}

        record Refused(Problem problem) implements Signed {}
    }

    /** One result per item, in their order. Fails with a {@link ProblemException}. */
    Mono<List<Signed>> sign(UploadBatch batch, @Nullable Caller caller, Admission admission, RequestContext context) {
        Timings inside = new Timings(System::nanoTime);
        long since = context.timings().now();
        return Flux.range(0, batch.items().size())
                .flatMapSequential(i -> item(batch, i, caller, admission, inside), CONCURRENCY)
                .collectList()
                .doOnTerminate(() -> {
                    if (inside.entered(Stage.SUPABASE)) {
                        context.timings().add(Stage.SUPABASE, since);
                    }
                })
                .flatMap(results -> settle(batch, results, admission));
    }

    static Optional<Duration> shortestLife(List<Signed> results) {
        return results.stream()
                .filter(Signed.Url.class::isInstance)
                .flatMap(signed -> ((Signed.Url) signed).url().usefulFor().stream())
                .min(Comparator.naturalOrder());
    }

    private Mono<Signed> item(
            UploadBatch batch, int index, @Nullable Caller caller, Admission admission, Timings timings) {
        if (batch.items().get(index) instanceof UploadBatch.Item.Asked asked) {
            Mono<Signed> signed = sign(asked.intent(), caller, admission, timings);
            return batch.partial()
                    ? signed.onErrorResume(
                            ProblemException.class, refused -> Mono.just(new Signed.Refused(refused.problem())))
                    : signed.onErrorMap(
                            ProblemException.class,
                            refused -> refused.problem().with("item", index).exception());
        }
        return Mono.just(
                new Signed.Refused(((UploadBatch.Item.Refused) batch.items().get(index)).problem()));
    }

    private Mono<Signed> sign(UploadIntent intent, @Nullable Caller caller, Admission admission, Timings timings) {
        return admission.isDenied(intent.object().bucket())
                ? Mono.error(() -> Problem.of(ProblemCode.BUCKET_ACCESS_DENIED)
                        .detail("No write access to this bucket")
                        .exception())
                : signedUrls.sign(Access.UPLOAD, intent, caller, timings).map(url -> new Signed.Url(intent, url));
    }

    private Mono<List<Signed>> settle(UploadBatch batch, List<Signed> results, Admission admission) {
        Problem first = null;
        List<UploadIntent> signed = new ArrayList<>();
        List<UploadIntent> unsigned = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            if (batch.items().get(i) instanceof UploadBatch.Item.Asked asked) {
                if (results.get(i) instanceof Signed.Refused refused) {
                    first = first == null ? refused.problem() : first;
                    unsigned.add(asked.intent());
                } else {
                    signed.add(asked.intent());
                }
            }
        }
        return first != null && signed.isEmpty()
                ? Mono.error(first.exception())
                : signedUrls.settle(admission, signed, unsigned).thenReturn(results);
    }
}
