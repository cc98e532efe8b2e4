package dev.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.memory.RefusalMemory.Refusal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RefusalMemoryTests {

    private final AtomicLong now = new AtomicLong(-5);
    private final RefusalMemory memory = new RefusalMemory(100, now::get);

    @Test
    void tellsTheTimeLeftAndForgetsAtTheReset() {
        memory.remember("u", "rate", new Refusal(200, 200, Duration.ofSeconds(40)), Duration.ofSeconds(40));
        move(Duration.ofSeconds(15));
        assertThat(memory.lookup("u", "rate")).isEqualTo(new Refusal(200, 200, Duration.ofSeconds(25)));
        move(Duration.ofSeconds(25));
        assertThat(memory.lookup("u", "rate")).isNull();
    }

    @Test
    void keepsAQuotasRefusalOnlyBriefly() {
        memory.remember("u", "requests", new Refusal(10, 10, null), Duration.ofSeconds(2));
        memory.remember("u", "bytes", new Refusal(10, 10, Duration.ofDays(3)), Duration.ofSeconds(2));
        move(Duration.ofMillis(1_999));
        assertThat(memory.lookup("u", "requests")).isEqualTo(new Refusal(10, 10, null));
        assertThat(memory.lookup("u", "bytes")).isNotNull();
        move(Duration.ofMillis(1));
        assertThat(memory.lookup("u", "requests")).isNull();
        assertThat(memory.lookup("u", "bytes")).isNull();
    }

    @Test
    void keepsClaimsAndUsersApart() {
        memory.remember("a", "b:rate", new Refusal(1, 1, null), Duration.ofSeconds(2));
        assertThat(memory.lookup("a:b", "rate")).isNull();
        assertThat(memory.lookup("a", "rate")).isNull();
        assertThat(memory.lookup("b", "b:rate")).isNull();
    }

    @Test
    void takesTheLatestRefusalWithItsOwnTime() {
        memory.remember("u", "rate", new Refusal(5, 5, null), Duration.ofSeconds(60));
        memory.remember("u", "rate", new Refusal(6, 6, null), Duration.ofSeconds(1));
        assertThat(memory.lookup("u", "rate")).isEqualTo(new Refusal(6, 6, null));
        move(Duration.ofSeconds(1));
        assertThat(memory.lookup("u", "rate")).isNull();
    }

    @Test
    void remembersNothingForNoTime() {
        memory.remember("u", "rate", new Refusal(5, 5, null), Duration.ZERO);
        assertThat(memory.lookup("u", "rate")).isNull();
    }

    @Test
    void forgetsAUser() {
        memory.remember("u", "rate", new Refusal(5, 5, null), Duration.ofSeconds(60));
        memory.remember("v", "rate", new Refusal(5, 5, null), Duration.ofSeconds(60));
        assertThat(memory.of("u")).containsOnlyKeys("rate");
        memory.forget("u");
        assertThat(memory.lookup("u", "rate")).isNull();
        assertThat(memory.of("u")).isEmpty();
        assertThat(memory.lookup("v", "rate")).isNotNull();

        memory.remember("u", "rate", new Refusal(5, 5, null), Duration.ofSeconds(60));
        assertThat(memory.lookup("u", "rate")).as("it was on its way").isNull();
        move(Duration.ofSeconds(6));
        memory.remember("u", "rate", new Refusal(5, 5, null), Duration.ofSeconds(60));
        assertThat(memory.lookup("u", "rate")).isNotNull();
    }

    @Test
    void evictsWhenItIsFullAndNeverFails() {
        IntStream.range(0, 20_000)
                .parallel()
                .forEach(i -> memory.remember("u" + i, "rate", new Refusal(5, 5, null), Duration.ofSeconds(60)));
        long kept = IntStream.range(0, 20_000)
                .filter(i -> memory.lookup("u" + i, "rate") != null)
                .count();
        assertThat(kept).isLessThan(20_000);
    }

    private void move(Duration time) {
        now.addAndGet(time.toNanos());
    }
}
