package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class TimingsTests {

    private final AtomicLong nanos = new AtomicLong();
    private final Timings timings = new Timings(nanos::get);

    @Test
    void hasAddedAStageBeforeItsResultIsPassedOn() {
        Mono<Double> seen = timings.measure(Stage.SUPABASE, Mono.fromCallable(() -> nanos.addAndGet(5_000_000)))
                .map(value -> timings.fields().getOrDefault("supabaseCall", -1.0));

        StepVerifier.create(seen).expectNext(5.0).verifyComplete();
    }

    @Test
    void addsAStageThatFailsOrIsCancelledOnce() {
        StepVerifier.create(timings.measure(Stage.REDIS, Mono.error(new IllegalStateException())))
                .verifyError();
        assertThat(timings.entered(Stage.REDIS)).isTrue();

        StepVerifier.create(timings.measure(Stage.DATABASE, Mono.never()))
                .then(() -> nanos.addAndGet(1_000_000))
                .thenCancel()
                .verify();
        assertThat(timings.spentNanos(Stage.DATABASE)).isEqualTo(1_000_000);
    }

    @Test
    void tellsMillisecondsWithThreeDecimals() {
        timings.add(Stage.MEMORY, 0);
        timings.add(Stage.REDIS, -1_004_499);
        timings.add(Stage.SUPABASE, -12_045_500);
        nanos.set(61_000_000_000L);

        assertThat(timings.header())
                .isEqualTo("memory;dur=0.000, redis;dur=1.004, supabase;dur=12.046, total;dur=61000.000");
        assertThat(timings.json())
                .isEqualTo("{\"total\":61000.000,\"memoryGuard\":0.000,\"redisChecks\":1.004,\"supabaseCall\":12.046}");
    }
}
