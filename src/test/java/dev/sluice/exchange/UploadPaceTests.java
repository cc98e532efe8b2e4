package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** A window of ten ticks, told by the test, in which 100 bytes are wanted. */
class UploadPaceTests {

    private final TestPublisher<Long> ticks = TestPublisher.create();
    private final TestPublisher<DataBuffer> client = TestPublisher.create();
    private final Flux<DataBuffer> body = new UploadPace(100).watch(client.flux(), ticks.flux());

    @Test
    void refusesAClientThatBringsLessThanIsWanted() {
        StepVerifier.create(body)
                .then(() -> client.next(bytes(99)))
                .expectNextCount(1)
                .then(() -> tick(10))
                .expectErrorSatisfies(error ->
                        assertThat(((ProblemException) error).problem().code()).isEqualTo(ProblemCode.REQUEST_TIMEOUT))
                .verify();
        client.assertCancelled();
    }

    @Test
    void averagesOverTheWindow() {
        StepVerifier.create(body)
                .then(() -> {
                    for (int window = 0; window < 5; window++) {
                        client.next(bytes(100));
                        tick(9);
                    }
                })
                .expectNextCount(5)
                .then(() -> tick(1))
                .then(client::complete)
                .verifyComplete();
    }

    @Test
    void forgetsWhatWasBroughtBeforeTheWindow() {
        StepVerifier.create(body)
                .then(() -> client.next(bytes(1_000_000)))
                .expectNextCount(1)
                .then(() -> tick(10))
                .then(() -> tick(1))
                .verifyError(ProblemException.class);
    }

    @Test
    void countsNoTimeInWhichNothingWasAskedFor() {
        StepVerifier.create(body, 1)
                .then(() -> client.next(bytes(1)))
                .expectNextCount(1)
                .then(() -> tick(1000))
                .thenRequest(1)
                .then(() -> tick(9))
                .then(() -> client.next(bytes(200)))
                .expectNextCount(1)
                .then(() -> tick(1000))
                .thenRequest(1)
                .then(() -> tick(1))
                .then(client::complete)
                .verifyComplete();
    }

    @Test
    void stopsTheClockAtTheEnd() {
        StepVerifier.create(body).then(client::complete).verifyComplete();

        ticks.assertCancelled();
    }

    private void tick(int times) {
        for (int i = 0; i < times; i++) {
            ticks.next(0L);
        }
    }

    private static DataBuffer bytes(int count) {
        return DefaultDataBufferFactory.sharedInstance.wrap(new byte[count]);
    }
}
