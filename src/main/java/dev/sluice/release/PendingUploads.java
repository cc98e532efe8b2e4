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

    /** One that was taken, and the text that it is kept as. */
    record Taken(PendingUpload upload, String member) {}

    /** Asks storage when this time has passed. */
    public Mono<Void> add(PendingUpload upload, Duration after) {
        int partition = KeySpace.partition(upload.charge().userId());
        return redis.eval(ADD, keys(partition), Long.toString(after.toMillis()), JSON.writeValueAsString(upload))
                .then();
    }

    /** Up to {@code count} that are due; nobody else takes them until the lease has passed. */
    Mono<List<Taken>> take(int partition, Duration lease, int count) {
        return redis.eval(TAKE, keys(partition), Long.toString(lease.toMillis()), Integer.toString(count))
                .map(members -> members.stream()
                        .map(String::valueOf)
                        .map(member -> new Taken(JSON.readValue(member, PendingUpload.class), member))
                        .toList());
    }

    /** It is waited for no more. */
    Mono<Void> drop(Taken taken) {
        int partition = KeySpace.partition(taken.upload().charge().userId());
        return redis.call(commands -> commands.zrem(keys(partition)[0], taken.member()))
                .then();
    }

    private static String[] keys(int partition) {
        return new String[] {KeySpace.pendingUploads(partition)};
    }
}
