package dev.sluice.usage;

import dev.sluice.redis.KeySpace;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The events that the database refused for good. What was charged for them stays charged until they are replayed. */
public final class DeadLetters {

    private static final long CHUNK = 100;

    private final UsageStream stream;

    DeadLetters(UsageStream stream) {
        this.stream = stream;
    }

    /** How many there are, for each partition that has any. Fails with {@code RedisUnavailableException}. */
    public Mono<Map<Integer, Long>> counts() {
        return partitions()
                .flatMap(
                        partition -> stream.deadLetters(partition).map(count -> Map.entry(partition, count)),
                        KeySpace.PARTITIONS)
                .filter(entry -> entry.getValue() > 0)
                .collectMap(Map.Entry::getKey, Map.Entry::getValue, TreeMap::new);
    }

    /**
     * Puts those that are there now back into their streams, and answers how many. What is refused once more comes back.
     * Fails with {@code RedisUnavailableException}; what was put back by then stays so.
     */
    public Mono<Long> replay() {
        return partitions().concatMap(this::replay).reduce(0L, Long::sum);
    }

    private Mono<Long> replay(int partition) {
        return stream.deadLetters(partition)
                .flatMapMany(count -> Flux.range(0, (int) ((count + CHUNK - 1) / CHUNK))
                        .concatMap(chunk -> stream.replay(partition, Math.min(CHUNK, count - chunk * CHUNK))))
                .reduce(0L, Long::sum);
    }

    private static Flux<Integer> partitions() {
        return Flux.fromStream(() -> IntStream.range(0, KeySpace.PARTITIONS).boxed());
    }
}
