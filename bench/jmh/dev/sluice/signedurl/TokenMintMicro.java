package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The token of one upload, signer {@code local}. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TokenMintMicro {

    private final TokenMint mint = new TokenMint("a-secret-of-the-benchmark-with-enough-characters", Clock.systemUTC());
    private final ObjectPath object = new ObjectPath("avatars", "photos/2026/1.png");

    @Benchmark
    public String upload() {
        return mint.upload(object, false, "6f5f2d6c-7d5c-4b8a-9a34-0d3b1a1f0c11", Duration.ofHours(2));
    }
}
