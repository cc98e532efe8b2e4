package dev.sluice.shadow;

import dev.sluice.operation.RollingCounter;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what filters in shadow mode would have refused: each on the metric {@code sluice.admission} as {@code would_refuse},
 * and of each code at most {@value #LINES} log lines in {@value #LINES_SECONDS} s, so that no flood fills a disk.
 */
public final class WouldRefuse {

    private static final Logger log = LoggerFactory.getLogger(WouldRefuse.class);

    static final int LINES = 10;
    static final int LINES_SECONDS = 10;

    /** A stack trace is many lines. */
    static final int BROKEN_SECONDS = 60;

    private final MeterRegistry registry;
    private final Map<ProblemCode, Lines> lines = new EnumMap<>(ProblemCode.class);
    private final Lines broken;

    /** @param nanoTime a monotonic clock, {@link System#nanoTime()} outside of tests */
    public WouldRefuse(MeterRegistry registry, LongSupplier nanoTime) {
        this.registry = registry;
        this.broken = new Lines(new RollingCounter(Duration.ofSeconds(BROKEN_SECONDS), nanoTime), new AtomicLong());
        for (ProblemCode code : ProblemCode.values()) {
            lines.put(
                    code, new Lines(new RollingCounter(Duration.ofSeconds(LINES_SECONDS), nanoTime), new AtomicLong()));
        }
    }

    /**
     * A request passes that would have been refused.
     *
     * @param claim what did not hold, such as {@code rate-limit}
     * @param source what decided, such as {@code redis}
     * @param problem what would have been answered
     */
    public void refused(String requestId, String operation, String claim, String source, Problem problem) {
        count(operation, "would_refuse", source);
        Lines of = Objects.requireNonNull(lines.get(problem.code()));
        if (of.limit().attempt(LINES).admitted()) {
            log.info(
                    "Would be refused, but is in shadow: requestId={} operation={} claim={} code={} {} ({} more without a line)",
                    requestId,
                    operation,
                    claim,
                    problem.code(),
                    problem.fields(),
                    of.left().getAndSet(0));
        } else {
            of.left().incrementAndGet();
        }
    }

    /** A decision could not be made, which says nothing of the request. */
    public void failed(String operation, String source) {
        count(operation, "shadow_failed", source);
    }

    /** Lets something in shadow be judged: if that is broken, it is counted and logged, and the request passes. */
    public void guarded(String operation, Runnable judging) {
        try {
            judging.run();
        } catch (RuntimeException e) {
            broken(operation, e);
        }
    }

    /** A decision has failed in a way that nobody foresaw; at most one line of it in {@value #BROKEN_SECONDS} s. */
    public void broken(String operation, Throwable error) {
        count(operation, "shadow_failed", "error");
        if (broken.limit().attempt(1).admitted()) {
            log.warn(
                    "A filter in shadow mode is broken, and passes: operation={} ({} more without a line)",
                    operation,
                    broken.left().getAndSet(0),
                    error);
        } else {
            broken.left().incrementAndGet();
        }
    }

    private void count(String operation, String verdict, String source) {
        Counter.builder("sluice.admission")
                .description("Decided admissions")
                .tag("operation", operation)
                .tag("verdict", verdict)
                .tag("source", source)
                .register(registry)
                .increment();
    }

    /** @param left those that had no line since the last one */
    private record Lines(RollingCounter limit, AtomicLong left) {}
}
