package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeaksTests {

    @Test
    void tracksEveryBuffer() {
        assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
    }

    @Test
    void reportsABufferThatWasLost() {
        lose();
        List<String> reports = new ArrayList<>();

        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            reports.addAll(Leaks.take());
            assertThat(reports).anySatisfy(report -> assertThat(report).contains("LeaksTests.lose"));
        });
    }

    private static void lose() {
        ByteBufAllocator.DEFAULT.buffer(16).writeInt(1);
    }
}
