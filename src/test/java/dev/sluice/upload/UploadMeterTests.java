package dev.sluice.upload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.exchange.ClientGone;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.netty.channel.AbortedException;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class UploadMeterTests {

    private static final ByteBufAllocator ALLOCATOR = UnpooledByteBufAllocator.DEFAULT;

    private final Counter counter = new SimpleMeterRegistry().counter("bytes");
    private final List<ByteBuf> made = new ArrayList<>();

    @AfterEach
    void everyBufferIsReleased() {
        assertThat(made)
                .isNotEmpty()
                .allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @Test
    void countsWhatPasses() {
        UploadMeter meter = meter(10L, null);

        StepVerifier.create(read(meter, buffers(4, 6))).expectNext(4, 6).verifyComplete();
        assertThat(meter.end()).isEqualTo(10);
        assertThat(meter.end()).as("again").isEqualTo(10);
        assertThat(counter.count()).isEqualTo(10);
    }

    @Test
    void stopsABodyThatIsLongerThanItWasDeclared() {
        UploadMeter meter = meter(9L, 100L);

        StepVerifier.create(read(meter, buffers(4, 5, 1)))
                .expectNext(4, 5)
                .verifyErrorSatisfies(error -> tooLarge(error, 9));
        assertThat(meter.end()).isEqualTo(9);
    }

    @Test
    void letsNothingPassOfTheBufferThatIsTooMuch() {
        UploadMeter meter = meter(null, 9L);

        StepVerifier.create(read(meter, buffers(4, 6))).expectNext(4).verifyErrorSatisfies(error -> tooLarge(error, 9));
        assertThat(meter.end()).isEqualTo(4);
        assertThat(counter.count()).isEqualTo(4);
    }

    @Test
    void tellsAClientThatBreaksOffFromABackendThatDoes() {
        for (Throwable ofTheClient : List.of(
                new AbortedException("Connection has been closed"), new IOException("Connection reset by peer"))) {
            Flux<DataBuffer> broken = buffers(4).concatWith(Flux.error(ofTheClient));

            StepVerifier.create(read(meter(10L, null), broken))
                    .expectNext(4)
                    .verifyErrorSatisfies(error -> assertThat(BackendFailure.problem(error))
                            .isSameAs(error)
                            .isInstanceOf(AbortedException.class));
            assertThat(BackendFailure.problem(ofTheClient)).isInstanceOf(ProblemException.class);
        }
    }

    @Test
    void cancelsTheBodyThatItStops() {
        TestPublisher<DataBuffer> body = TestPublisher.create();

        StepVerifier.create(read(meter(1L, null), body.flux()))
                .then(() -> body.next(buffer(2)))
                .expectError(ProblemException.class)
                .verify();
        body.assertCancelled();
    }

    @Test
    void letsNothingPassOnceItHasEnded() {
        UploadMeter meter = meter(10L, null);
        TestPublisher<DataBuffer> body = TestPublisher.create();

        StepVerifier.create(read(meter, body.flux()))
                .then(() -> body.next(buffer(3)))
                .expectNext(3)
                .then(() -> assertThat(meter.end()).isEqualTo(3))
                .then(() -> body.next(buffer(3)))
                .verifyError(ClientGone.class);
        assertThat(meter.end()).isEqualTo(3);
        assertThat(counter.count()).isEqualTo(3);
    }

    @Test
    void asksForNoMoreThanItIsAskedFor() {
        TestPublisher<DataBuffer> body = TestPublisher.create();

        StepVerifier.create(read(meter(10L, null), body.flux()), 1)
                .then(() -> body.assertMaxRequested(1))
                .then(() -> body.next(buffer(1)))
                .expectNext(1)
                .then(() -> body.assertMaxRequested(1))
                .thenCancel()
                .verify();
        body.assertCancelled();
    }

    @Test
    void countsARepeatedAttemptFromItsBeginning() {
        UploadMeter meter = meter(4L, null);

        StepVerifier.create(read(meter, buffers(4))).expectNext(4).verifyComplete();
        StepVerifier.create(read(meter, buffers(4))).expectNext(4).verifyComplete();
        assertThat(meter.end()).isEqualTo(4);
        assertThat(counter.count()).as("both took bandwidth").isEqualTo(8);
    }

    private UploadMeter meter(@Nullable Long declared, @Nullable Long maximum) {
        return new UploadMeter(true, declared, maximum, counter);
    }

    private static Flux<Integer> read(UploadMeter meter, Flux<DataBuffer> body) {
        return meter.watch(body).map(buffer -> {
            int bytes = buffer.readableByteCount();
            DataBufferUtils.release(buffer);
            return bytes;
        });
    }

    private Flux<DataBuffer> buffers(int... sizes) {
        return Flux.fromStream(Arrays.stream(sizes).mapToObj(this::buffer));
    }

    private NettyDataBuffer buffer(int bytes) {
        ByteBuf buffer = ALLOCATOR.buffer(bytes).writeZero(bytes);
        made.add(buffer);
        return new NettyDataBufferFactory(ALLOCATOR).wrap(buffer);
    }

    private static void tooLarge(Throwable error, long limit) {
        assertThat(error).isInstanceOfSatisfying(ProblemException.class, refused -> {
            assertThat(refused.problem().code()).isEqualTo(ProblemCode.PAYLOAD_TOO_LARGE);
            assertThat(refused.problem().fields()).containsEntry("limit", limit);
            assertThat(refused.problem().headers()).containsEntry("Upload-Limit", "max-size=" + limit);
        });
    }
}
