package dev.sluice.release;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The uploads that are waited for. Everything fails with a {@code RedisUnavailableException}. */
public final class PendingUploads {

    private static final Logger log = LoggerFactory.getLogger(PendingUploads.class);
    private static final Script ADD = Script.load(PendingUploads.class, "add");
    private static final Script TAKE = Script.load(PendingUploads.class, "take");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final RedisConnection redis;

    public PendingUploads(RedisConnection redis) {
        this.redis = redis;
    }

    /** One that is waited for, and the text that it is kept as. */
    public record Kept(PendingUpload upload, String text) {

        public static Kept of(PendingUpload upload) {
            return new Kept(upload, JSON.writeValueAsString(upload));
        }

        /** Reads the text of another. */
        public static Kept read(String text) {
            return new Kept(JSON.readValue(text, PendingUpload.class), text);
        }

        private int partition() {
            return KeySpace.partition(upload.charge().userId());
        }
    }

    /** Asks storage when this time has passed. */
    public Mono<Void> add(Kept kept, Duration after) {
        return redis.eval(ADD, keys(kept.partition()), Long.toString(after.toMillis()), kept.text())
                .then();
    }

    /** What was taken, of so many members. */
    record Batch(List<Kept> kept, int members) {}

    /**
     * Up to {@code count} that are due; nobody else takes them until the lease has passed. What cannot be read is dropped: it
     * would be due for ever.
     */
    Mono<Batch> take(int partition, Duration lease, int count) {
        return redis.eval(TAKE, keys(partition), Long.toString(lease.toMillis()), Integer.toString(count))
                .flatMap(members -> Flux.fromIterable(members)
                        .concatMap(member -> read(partition, String.valueOf(member)))
                        .collectList()
                        .map(kept -> new Batch(kept, members.size())));
    }

    private Mono<Kept> read(int partition, String member) {
        try {
            return Mono.just(Kept.read(member));
        } catch (JacksonException e) {
            log.warn("An upload that is waited for cannot be read; what it reserved stays charged: {}", e.toString());
            return drop(partition, member).then(Mono.empty());
        }
    }

    /** It is waited for no more. */
    public Mono<Void> drop(Kept kept) {
        return drop(kept.partition(), kept.text());
    }

    private Mono<Void> drop(int partition, String member) {
        return redis.call(commands -> commands.zrem(keys(partition)[0], member)).then();
    }

    private static String[] keys(int partition) {
        return new String[] {KeySpace.pendingUploads(partition)};
    }
}
