package dev.sluice.redis;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The keys of one admission. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class KeySpaceMicro {

    private final String user = "6f5f2d6c-7d5c-4b8a-9a34-0d3b1a1f0c11";

    @Benchmark
    public String[] admission() {
        UserKeys keys = UserKeys.of(user);
        return new String[] {
            KeySpace.fence(keys.partition()),
            KeySpace.usage(keys.partition()),
            keys.quota(),
            keys.bucket("avatars", 'w'),
            keys.rate("signed-url", 60)
        };
    }
}
