package dev.sluice.intent;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What is asked: the path of a proxied request, the JSON of a signed one. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class IntentMicro {

    private final URI sent = URI.create("http://edge/v1/upload/avatars/photos/2026/by%20the%20sea.png");
    private final byte[] body =
            ("{\"filename\":\"photos/2026/1.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\","
                            + "\"fileSize\":12345}")
                    .getBytes(StandardCharsets.UTF_8);

    @Benchmark
    public ObjectPath path() {
        return PathIntent.object("/v1/upload/{bucket}/**", sent);
    }

    @Benchmark
    public Object json() {
        return IntentJson.parse(body);
    }
}
