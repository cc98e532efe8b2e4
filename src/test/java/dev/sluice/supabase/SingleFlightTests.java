package dev.sluice.supabase;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class SingleFlightTests {

    private final SingleFlight<String, String> flights = new SingleFlight<>();
    private final AtomicInteger calls = new AtomicInteger();
    private Sinks.One<String> answer;

    @BeforeEach
    void unanswered() {
        answer = Sinks.one();
    }

    private Mono<String> join() {
        return flights.join("key", () -> {
            calls.incrementAndGet();
            return answer.asMono();
        });
    }

    @Test
    void servesThoseWhoJoinedAfterItsLeaderHasGone() {
        var leader = join().subscribe();
        StepVerifier.create(join())
                .then(leader::dispose)
                .then(() -> answer.tryEmitValue("value"))
                .expectNext("value")
                .verifyComplete();
        assertThat(calls).hasValue(1);
    }

    @Test
    void isJoinedByThoseWhoComeAfterEverybodyHasGone() {
        join().subscribe().dispose();

        StepVerifier.create(join())
                .then(() -> answer.tryEmitValue("value"))
                .expectNext("value")
                .verifyComplete();
        assertThat(calls).hasValue(1);
    }

    @Test
    void keepsNothingOfACallThatEndedWithNobodyLeft() {
        join().subscribe().dispose();
        answer.tryEmitError(new IllegalStateException("failed"));
        unanswered();

        StepVerifier.create(join())
                .then(() -> answer.tryEmitValue("later"))
                .expectNext("later")
                .verifyComplete();
        assertThat(calls).hasValue(2);
    }

    @Test
    void startsAnotherCallAfterOneThatCouldNotBegin() {
        Mono<String> failing = flights.join("key", () -> {
            throw new IllegalStateException("cannot begin");
        });

        StepVerifier.create(failing).verifyError(IllegalStateException.class);
        StepVerifier.create(join())
                .then(() -> answer.tryEmitValue("value"))
                .expectNext("value")
                .verifyComplete();
    }
}
