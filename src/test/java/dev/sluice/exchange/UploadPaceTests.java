package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** A window of ten rounds, made by the test, in which 100 bytes are wanted. */
class UploadPaceTests {

    private final SharedClock clock = new SharedClock(Duration.ofDays(1));
    private final TestPublisher<DataBuffer> client = TestPublisher.create();
    private final Flux<DataBuffer> body = new UploadPace(100).watch(client.flux(), clock, Runnable::run);

    @Test
    void refusesAClientThatBringsLessThanIsWanted() {
        StepVerifier.create(body)
                .then(this::begin)
                .then(() -> client.next(bytes(99)))
                .expectNextCount(1)
                .then(() -> rounds(10))
                .expectErrorSatisfies(error ->
                        assertThat(((ProblemException) error).problem().code()).isEqualTo(ProblemCode.REQUEST_TIMEOUT))
                .verify();
        client.assertCancelled();
    }

    @Test
    void averagesOverTheWindow() {
        StepVerifier.create(body)
                .then(this::begin)
                .then(() -> {
                    for (int window = 0; window < 5; window++) {
                        client.next(bytes(100));
                        rounds(9);
                    }
                })
                .expectNextCount(5)
                .then(() -> rounds(1))
                .then(client::complete)
                .verifyComplete();
    }

    @Test
    void forgetsWhatWasBroughtBeforeTheWindow() {
        StepVerifier.create(body)
                .then(this::begin)
                .then(() -> client.next(bytes(1_000_000)))
                .expectNextCount(1)
                .then(() -> rounds(10))
                .then(() -> rounds(1))
                .verifyError(ProblemException.class);
    }

    @Test
    void countsNoTimeInWhichNothingWasAskedFor() {
        StepVerifier.create(body, 1)
                .then(this::begin)
                .then(() -> client.next(bytes(1)))
                .expectNextCount(1)
                .then(() -> rounds(1000))
                .thenRequest(1)
                .then(() -> rounds(9))
                .then(() -> client.next(bytes(200)))
                .expectNextCount(1)
                .then(() -> rounds(1000))
                .thenRequest(1)
                .then(() -> rounds(1))
                .then(client::complete)
                .verifyComplete();
    }

    @Test
    void countsNoRoundThatHadBegunBefore() {
        StepVerifier.create(body)
                .then(() -> rounds(10))
                .then(() -> client.next(bytes(100)))
                .expectNextCount(1)
                .then(() -> rounds(1))
                .then(client::complete)
                .verifyComplete();
    }

    @Test
    void leavesTheClockAtTheEnd() {
        StepVerifier.create(body)
                .then(() -> assertThat(clock.size()).isEqualTo(1))
                .then(client::complete)
                .verifyComplete();

        assertThat(clock.size()).isZero();
    }

    @AfterEach
    void stop() {
        clock.close();
    }

    /** The first one is only begun with. */
    private void begin() {
        clock.round();
    }

    private void rounds(int times) {
        for (int i = 0; i < times; i++) {
            clock.round();
        }
    }

    private static DataBuffer bytes(int count) {
        return DefaultDataBufferFactory.sharedInstance.wrap(new byte[count]);
    }
}
