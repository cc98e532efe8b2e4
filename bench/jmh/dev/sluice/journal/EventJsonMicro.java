package dev.sluice.journal;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** One usage event, to the stream and from it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EventJsonMicro {

    private final UsageEvent event = new UsageEvent(
            "01a20ef2-52fa-748e-aaf4-07024b352823",
            UsageEvent.Kind.CHARGE,
            "6f5f2d6c-7d5c-4b8a-9a34-0d3b1a1f0c11",
            "0b7e2c9e-93f8-4a55-8a0f-5fd6b1a3c001",
            "signed-url",
            "supabase",
            1,
            0,
            null,
            null,
            null,
            Instant.parse("2026-11-24T12:00:00.123Z"));
    private final String json = EventJson.withoutPeriod(event);

    @Benchmark
    public String write() {
        return EventJson.withoutPeriod(event);
    }

    @Benchmark
    public UsageEvent read() {
        return EventJson.read(json, null);
    }
}
