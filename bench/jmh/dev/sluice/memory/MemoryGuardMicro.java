package dev.sluice.memory;

import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** One attempt of one of a thousand users. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MemoryGuardMicro {

    private static final int USERS = 1_000;

    private final MemoryGuard guard = new MemoryGuard(10_000, System::nanoTime);
    private final Rate wide = new Rate(1_000_000_000, Duration.ofMinutes(1));
    private final Rate spent = new Rate(1, Duration.ofDays(1));
    private final Subject[] users = IntStream.range(0, USERS)
            .mapToObj(i -> new Subject.User("user-" + i))
            .toArray(Subject[]::new);

    @Benchmark
    public RollingCounter.Attempt admitted() {
        return guard.attempt(user(), "signed-url", wide, 1);
    }

    @Benchmark
    public RollingCounter.Attempt refused() {
        return guard.attempt(user(), "delete", spent, 1);
    }

    private Subject user() {
        return users[ThreadLocalRandom.current().nextInt(USERS)];
    }
}
