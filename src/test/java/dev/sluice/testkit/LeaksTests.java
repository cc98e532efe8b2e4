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

    @Test
    void passesOverOnlyTheBufferOfAConnectionThatNeverReadAnything() {
        String made =
                "\nCreated at:\n\tio.netty.buffer.AbstractByteBufAllocator.buffer(AbstractByteBufAllocator.java:96)"
                        + "\n\tio.lettuce.core.protocol.CommandHandler.channelRegistered(CommandHandler.java:224)";
        Leaks.report("ByteBuf\nRecent access records: " + made);
        Leaks.report("ByteBuf\nRecent access records: \n#1:\n\tHint: CommandHandler.read(…)" + made);

        assertThat(Leaks.take()).hasSize(1);
    }

    private static void lose() {
        ByteBufAllocator.DEFAULT.buffer(16).writeInt(1);
    }
}
