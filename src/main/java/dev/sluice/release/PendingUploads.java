package dev.sluice.release;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** The uploads that are waited for. Everything fails with a {@code RedisUnavailableException}. */
public final class PendingUploads {

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

    /** Up to {@code count} that are due; nobody else takes them until the lease has passed. */
    Mono<List<Kept>> take(int partition, Duration lease, int count) {
        return redis.eval(TAKE, keys(partition), Long.toString(lease.toMillis()), Integer.toString(count))
                .map(members ->
                        members.stream().map(String::valueOf).map(Kept::read).toList());
    }

    /** It is waited for no more. */
    public Mono<Void> drop(Kept kept) {
        return redis.call(commands -> commands.zrem(keys(kept.partition())[0], kept.text()))
                .then();
    }

    private static String[] keys(int partition) {
        return new String[] {KeySpace.pendingUploads(partition)};
    }
}
