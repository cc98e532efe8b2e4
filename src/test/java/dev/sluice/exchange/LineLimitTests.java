package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LineLimitTests {

    private final AtomicLong nanos = new AtomicLong(-5);
    private final LineLimit limit = new LineLimit(2, nanos::get);

    @Test
    void tellsTheNextLineHowManyHadNone() {
        assertThat(limit.take()).isZero();
        assertThat(limit.take()).isZero();
        assertThat(limit.take()).isEqualTo(LineLimit.NONE);
        assertThat(limit.take()).isEqualTo(LineLimit.NONE);

        nanos.addAndGet(TimeUnit.SECONDS.toNanos(1) - 1);
        assertThat(limit.take()).isEqualTo(LineLimit.NONE);

        nanos.addAndGet(1);
        assertThat(limit.take()).isEqualTo(3);
        assertThat(limit.take()).isZero();
        assertThat(limit.take()).isEqualTo(LineLimit.NONE);
    }
}
