package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.supabase.DatabaseUnavailableException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

class BackoffTests {

    private final AtomicInteger retries = new AtomicInteger();
    private final AtomicInteger attempts = new AtomicInteger();

    @Test
    void doublesFromTwoSecondsToSixty() {
        Backoff backoff = new Backoff(VirtualTimeScheduler.create(), () -> 0, () -> {});

        assertThat(IntStream.range(0, 7).mapToObj(backoff::delay).map(Duration::toSeconds))
                .containsExactly(2L, 4L, 8L, 16L, 32L, 60L, 60L);
        assertThat(backoff.delay(1_000_000)).hasSeconds(60);
    }

    @Test
    void isLongerByUpToAFifthAtRandomAndNeverPastSixtySeconds() {
        Backoff backoff = new Backoff(VirtualTimeScheduler.create(), () -> 0.5, () -> {});

        assertThat(backoff.delay(0)).hasMillis(2200);
        assertThat(backoff.delay(9)).hasSeconds(60);
    }

    @Test
    void triesUntilTheStoreAnswers() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Backoff backoff = new Backoff(time, () -> 0, retries::incrementAndGet);

        StepVerifier.create(failing(4).retryWhen(backoff))
                .then(() -> time.advanceTimeBy(Duration.ofMillis(29_999)))
                .then(() -> assertThat(attempts).hasValue(4))
                .then(() -> time.advanceTimeBy(Duration.ofMillis(1)))
                .expectNext("applied")
                .verifyComplete();
        assertThat(retries).hasValue(4);
    }

    @Test
    void letsOtherFailuresThroughAtOnce() {
        Backoff backoff = new Backoff(VirtualTimeScheduler.create(), () -> 0, retries::incrementAndGet);

        StepVerifier.create(Mono.error(new IllegalStateException("ours")).retryWhen(backoff))
                .verifyErrorMessage("ours");
        assertThat(retries).hasValue(0);
    }

    @Test
    void waitsNoMoreOnceStoppedAndWaitsAgainOnceStarted() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Backoff backoff = new Backoff(time, () -> 0, retries::incrementAndGet);

        StepVerifier.create(failing(2).retryWhen(backoff))
                .then(backoff::stop)
                .verifyError(DatabaseUnavailableException.class);
        backoff.start();
        StepVerifier.create(failing(1).retryWhen(backoff))
                .then(() -> time.advanceTimeBy(Duration.ofSeconds(2)))
                .expectNext("applied")
                .verifyComplete();
    }

    private Mono<String> failing(int times) {
        attempts.set(0);
        return Mono.defer(() -> attempts.getAndIncrement() < times
                ? Mono.error(new DatabaseUnavailableException("away", null))
                : Mono.just("applied"));
    }
}
