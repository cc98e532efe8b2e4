package dev.sluice.operation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RollingCounterTests {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong now = new AtomicLong(-12_345);

    @Test
    void admitsExactlyTheLimitOfManyThreads() throws Exception {
        int threads = 16;
        int limit = 1_000;
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CountDownLatch ready = new CountDownLatch(threads);
        List<Future<Integer>> admitted = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            admitted.add(pool.submit(() -> {
                ready.countDown();
                ready.await();
                int count = 0;
                for (int i = 0; i < limit / 4; i++) {
                    count += counter.attempt(limit).admitted() ? 1 : 0;
                }
                return count;
            }));
        }
        int total = 0;
        for (Future<Integer> count : admitted) {
            total += count.get();
        }
        pool.shutdown();
        assertThat(total).isEqualTo(limit);
    }

    @Property(tries = 300)
    void peeksAtWhatTheNextAttemptIsAnswered(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int limit) {
        Random random = new Random(seed);
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        for (int i = 0; i < 200; i++) {
            now.addAndGet(random.nextLong(10 * SECOND));
            int cost = 1 + random.nextInt(3);
            RollingCounter.Attempt peeked = counter.peek(limit, cost);
            assertThat(counter.peek(limit, cost)).isEqualTo(peeked);
            RollingCounter.Attempt attempt = counter.attempt(limit, cost);
            assertThat(peeked.admitted()).isEqualTo(attempt.admitted());
            if (attempt.admitted()) {
                assertThat(peeked.remaining()).isEqualTo(attempt.remaining() + cost);
            } else {
                assertThat(peeked.remaining()).isEqualTo(attempt.remaining());
                assertThat(peeked.resetNanos()).isEqualTo(attempt.resetNanos());
            }
        }
    }

    @Property(tries = 300)
    void admitsAtMostTheLimitInAnyRollingWindow(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 50) int limit, @ForAll boolean bursts) {
        long window = 60 * SECOND;
        Random random = new Random(seed);
        RollingCounter counter = new RollingCounter(Duration.ofNanos(window), now::get);
        List<Long> admitted = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            long step = bursts && random.nextInt(20) == 0 ? random.nextLong(window) : random.nextLong(window / limit);
            now.addAndGet(step);
            if (counter.attempt(limit).admitted()) {
                admitted.add(now.get());
            }
        }
        for (int i = limit; i < admitted.size(); i++) {
            assertThat(admitted.get(i) - admitted.get(i - limit)).isGreaterThanOrEqualTo(window);
        }
        assertThat(admitted).hasSizeGreaterThanOrEqualTo(limit);
    }

    @Property(tries = 200)
    void neverRefusesAnEvenCallerAtNinetyPercent(
            @ForAll @IntRange(min = 1, max = 500) int limit, @ForAll @IntRange(max = 1_000_000_000) int phase) {
        long window = 60 * SECOND;
        now.addAndGet(phase);
        RollingCounter counter = new RollingCounter(Duration.ofNanos(window), now::get);
        for (int i = 0; i < 3 * limit + 3; i++) {
            assertThat(counter.attempt(limit).admitted()).isTrue();
            now.addAndGet((long) Math.ceil(window / (0.9 * limit)));
        }
    }

    @Test
    void letsAHammeringCallerThroughAgain() {
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        int admitted = 0;
        for (int i = 0; i < 6_000; i++) {
            admitted += counter.attempt(10).admitted() ? 1 : 0;
            now.addAndGet(SECOND / 10);
        }
        assertThat(admitted).isBetween(90, 100);
    }

    @Test
    void admitsNothingExtraWhenTheClockStepsBack() {
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        for (int i = 0; i < 5; i++) {
            assertThat(counter.attempt(5).admitted()).isTrue();
        }
        now.addAndGet(-3_600 * SECOND);
        assertThat(counter.attempt(5).admitted()).isFalse();
        now.addAndGet(3_600 * SECOND + 64 * SECOND);
        assertThat(counter.attempt(5).admitted()).isTrue();
    }

    @Test
    void tellsWhatRemainsAndWhenTheNextIsAdmitted() {
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        assertThat(counter.attempt(2).remaining()).isEqualTo(1);
        now.addAndGet(10 * SECOND);
        assertThat(counter.attempt(2).remaining()).isEqualTo(0);
        RollingCounter.Attempt refused = counter.attempt(2);
        assertThat(refused.admitted()).isFalse();
        assertThat(refused.remaining()).isZero();
        assertThat(refused.resetNanos()).isBetween(50 * SECOND, 53 * SECOND);
        now.addAndGet(refused.resetNanos() - 1);
        assertThat(counter.attempt(2).admitted()).isFalse();
        now.addAndGet(1);
        assertThat(counter.attempt(2).admitted()).isTrue();
    }

    @Test
    void countsSeveralAttemptsTogetherOrNone() {
        RollingCounter counter = new RollingCounter(Duration.ofMinutes(1), now::get);
        assertThat(counter.attempt(10, 4).remaining()).isEqualTo(6);
        now.addAndGet(30 * SECOND);
        assertThat(counter.attempt(10, 4).admitted()).isTrue();

        RollingCounter.Attempt refused = counter.attempt(10, 5);

        assertThat(refused.admitted()).isFalse();
        assertThat(refused.remaining()).isEqualTo(2);
        assertThat(refused.resetNanos()).isBetween(30 * SECOND, 33 * SECOND);
        assertThat(counter.attempt(10, 2).admitted()).isTrue();
        now.addAndGet(refused.resetNanos());
        assertThat(counter.attempt(10, 4).admitted()).isTrue();
        assertThat(counter.attempt(10, 11).admitted()).isFalse();
    }

    @Test
    void roundsTheResetUpToMilliseconds() {
        assertThat(new RollingCounter.Attempt(false, 0, 1).resetMillis()).isEqualTo(1);
        assertThat(new RollingCounter.Attempt(false, 0, 2_000_000).resetMillis())
                .isEqualTo(2);
    }
}
