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
        int partition = KeySpace.partition(user);
        return new String[] {
            KeySpace.fence(partition),
            KeySpace.usage(partition),
            KeySpace.quota(user),
            KeySpace.inFlight(user),
            KeySpace.rate(user, "signed-url", 60),
            KeySpace.bucket(user, "avatars", 'w')
        };
    }
}
