package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

/** Ticks as they come, at times that the test says. */
class SharedClockTests {

    private static final Duration PERIOD = Duration.ofDays(1);

    private final AtomicLong nanos = new AtomicLong();
    private final SharedClock clock = new SharedClock(PERIOD, nanos::get);
    private final AtomicInteger turns = new AtomicInteger();

    @AfterEach
    void stop() {
        clock.close();
    }

    @Test
    void givesATurnForEachPeriodAfterTheFirst() {
        clock.join(turns::incrementAndGet);
        tickAfter(1.0);
        assertThat(turns).hasValue(0);

        tickAfter(1.0);
        tickAfter(0.9);
        tickAfter(1.2);

        assertThat(turns).hasValue(3);
    }

    @Test
    void countsABurstOfTicksOnce() {
        clock.join(turns::incrementAndGet);
        tickAfter(1.0);

        tickAfter(5.0);
        for (int missed = 0; missed < 4; missed++) {
            tickAfter(0.001);
        }
        assertThat(turns).hasValue(1);

        tickAfter(0.996);
        assertThat(turns).hasValue(2);
    }

    @Test
    void givesNoTurnToWhoHasLeft() {
        Disposable member = clock.join(turns::incrementAndGet);
        tickAfter(1.0);
        member.dispose();

        tickAfter(1.0);

        assertThat(turns).hasValue(0);
        assertThat(clock.size()).isZero();
    }

    private void tickAfter(double periods) {
        nanos.addAndGet((long) (PERIOD.toNanos() * periods));
        clock.tick();
    }
}
