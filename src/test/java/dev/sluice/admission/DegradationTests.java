package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.admission.Degradation.Layer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class DegradationTests {

    private static final IllegalStateException ERROR = new IllegalStateException("away");

    private final AtomicLong nanos = new AtomicLong();
    private final Degradation degradation = new Degradation(new SimpleMeterRegistry(), nanos::get);

    @Test
    void tellsAChangeOnceHoweverManyRequestsMeetIt(CapturedOutput output) {
        for (int i = 0; i < 10; i++) {
            degradation.failed(Layer.REDIS, ERROR);
        }
        pass(Duration.ofSeconds(5));
        for (int i = 0; i < 10; i++) {
            degradation.answered(Layer.REDIS);
        }

        assertThat(changes(output)).hasSize(2);
    }

    @Test
    void tellsOfOneOutageWhileALayerAnswersNowAndThen(CapturedOutput output) {
        for (int i = 0; i < 10; i++) {
            degradation.failed(Layer.REDIS, ERROR);
            pass(Duration.ofSeconds(1));
            degradation.answered(Layer.REDIS);
        }

        assertThat(changes(output)).hasSize(1);
    }

    @Test
    void findsTheLayerFailingAnewAfterEveryAnswer() {
        assertThat(degradation.failed(Layer.REDIS, ERROR)).isTrue();
        assertThat(degradation.failed(Layer.REDIS, ERROR)).isFalse();
        degradation.answered(Layer.REDIS);

        assertThat(degradation.failed(Layer.REDIS, ERROR)).isTrue();
        assertThat(degradation.failed(Layer.DATABASE, ERROR)).isTrue();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static List<String> changes(CapturedOutput output) {
        return output.getOut()
                .lines()
                .filter(line -> line.contains("Degraded: ") || line.contains("Recovered: "))
                .toList();
    }
}
