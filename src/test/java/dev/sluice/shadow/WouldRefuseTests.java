package dev.sluice.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WouldRefuseTests {

    private static final Problem RATE =
            Problem.of(ProblemCode.RATE_LIMIT_REDIS).with("current", 5L).with("limit", 5L);
    private static final Problem BUCKET = Problem.of(ProblemCode.BUCKET_ACCESS_DENIED);

    private final AtomicLong now = new AtomicLong();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final WouldRefuse wouldRefuse = new WouldRefuse(registry, now::get);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    @BeforeEach
    void listen() {
        logged.start();
        logger().addAppender(logged);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(logged);
    }

    @Test
    void saysInOneLineWhatWouldHaveBeenAnswered() {
        wouldRefuse.refused("sup_1", "upload", "rate-limit", "redis", RATE);

        assertThat(lines())
                .singleElement()
                .asString()
                .contains(
                        "requestId=sup_1 operation=upload claim=rate-limit code=RATE_LIMIT_REDIS {current=5, limit=5}");
        assertThat(count("would_refuse", "redis")).isEqualTo(1);
    }

    @Test
    void countsAFloodAndLogsAFewLinesOfEachCode() {
        for (int i = 0; i < 1_000; i++) {
            wouldRefuse.refused("sup_" + i, "upload", "rate-limit", "redis", RATE);
        }
        assertThat(lines()).hasSize(WouldRefuse.LINES);
        assertThat(count("would_refuse", "redis")).isEqualTo(1_000);

        wouldRefuse.refused("sup_other", "upload", "bucket-access", "redis", BUCKET);
        assertThat(lines()).hasSize(WouldRefuse.LINES + 1);

        now.addAndGet(TimeUnit.SECONDS.toNanos(2 * WouldRefuse.LINES_SECONDS));
        wouldRefuse.refused("sup_later", "upload", "rate-limit", "redis", RATE);
        assertThat(lines().get(WouldRefuse.LINES + 1)).contains("sup_later", "(990 more without a line)");
    }

    @Test
    void countsWhatCouldNotBeJudgedWithoutALine() {
        wouldRefuse.failed("upload", "redis");

        assertThat(count("shadow_failed", "redis")).isEqualTo(1);
        assertThat(lines()).isEmpty();
    }

    @Test
    void countsWhatIsBrokenAndLogsItOnceInAWhile() {
        for (int i = 0; i < 1_000; i++) {
            wouldRefuse.guarded("upload", () -> {
                throw new IllegalStateException("broken");
            });
        }
        assertThat(count("shadow_failed", "error")).isEqualTo(1_000);
        assertThat(lines()).singleElement().asString().contains("operation=upload (0 more without a line)");
        assertThat(logged.list.get(0).getThrowableProxy().getMessage()).isEqualTo("broken");

        now.addAndGet(TimeUnit.SECONDS.toNanos(2 * WouldRefuse.BROKEN_SECONDS));
        wouldRefuse.broken("upload", new IllegalStateException("again"));
        assertThat(lines()).hasSize(2).last().asString().contains("(999 more without a line)");
    }

    private double count(String verdict, String source) {
        return registry.get("sluice.admission")
                .tags("operation", "upload", "verdict", verdict, "source", source)
                .counter()
                .count();
    }

    private List<String> lines() {
        return logged.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(WouldRefuse.class);
    }
}
