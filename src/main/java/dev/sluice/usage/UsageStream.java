package dev.sluice.usage;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.redis.Script;
import io.lettuce.core.Consumer;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The partitions' usage streams, as one consumer of their group sees them. An entry stays until it is settled or buried,
 * so a stream's length is what is not applied yet.
 *
 * <p>A missing group is made at the stream's beginning: after FLUSHALL, what was added before the group existed is read
 * too. Everything fails with {@link RedisUnavailableException}.
 */
final class UsageStream {

    private static final Script BURY = Script.load(UsageStream.class, "bury");
    private static final Script REPLAY = Script.load(UsageStream.class, "replay");
    private static final Script FORGET = Script.load(UsageStream.class, "forget-consumers");

    private final RedisConnection redis;
    private final Consumer<String> consumer;

    UsageStream(RedisConnection redis, String consumer) {
        this.redis = redis;
        this.consumer = Consumer.from(KeySpace.GROUP, consumer);
    }

    /** Adds an event to its user's partition, in the form that {@code admit.lua} gives to charges. */
    Mono<Void> add(UsageEvent event) {
        return add(KeySpace.partition(event.userId()), List.of(event));
    }

    /** Adds events of one partition's users, one command after the other in one go. If this fails, some may have been added. */
    Mono<Void> add(int partition, List<UsageEvent> events) {
        String stream = KeySpace.usage(partition);
        return redis.call(commands -> CompletableFuture.allOf(events.stream()
                .map(event -> commands.xadd(stream, fields(event)).toCompletableFuture())
                .toArray(CompletableFuture<?>[]::new)));
    }

    private static Object[] fields(UsageEvent event) {
        Instant period = event.periodEndsAt();
        return new Object[] {
            "id",
            event.id(),
            "inc",
            "",
            "period",
            period == null ? "" : Long.toString(period.toEpochMilli()),
            "event",
            EventJson.withoutPeriod(event)
        };
    }

    /** Whether two partitions are on one server, so that one which is not answered tells of the other. */
    boolean shareServer(int one, int other) {
        return redis.shareServer(KeySpace.usage(one), KeySpace.usage(other));
    }

    /** Takes up to {@code count} entries that no consumer has; never waits for one. */
    Mono<List<Delivery>> read(int partition, int count) {
        return read(partition, StreamOffset.lastConsumed(KeySpace.usage(partition)), count);
    }

    /**
     * Up to {@code count} of the entries that this consumer took and did not bring to their end, oldest first.
     *
     * @param after the entry after which to begin; {@code 0} for the first
     */
    Mono<List<Delivery>> readAgain(int partition, String after, int count) {
        return read(partition, StreamOffset.from(KeySpace.usage(partition), after), count);
    }

    private Mono<List<Delivery>> read(int partition, StreamOffset<String> from, int count) {
        XReadArgs args = XReadArgs.Builder.count(count);
        return inGroup(partition, redis.call(commands -> commands.xreadgroup(consumer, args, offsets(from))))
                .map(messages -> deliveries(partition, messages))
                .defaultIfEmpty(List.of());
    }

    /**
     * Takes over entries that another consumer (or this one, before an error) has left alone for {@code minIdle}.
     *
     * @param cursor where to go on; {@code 0-0} at first
     */
    Mono<Claim> claim(int partition, String cursor, Duration minIdle, int count) {
        XAutoClaimArgs<String> args =
                XAutoClaimArgs.Builder.xautoclaim(consumer, minIdle, cursor).count(count);
        return inGroup(partition, redis.call(commands -> commands.xautoclaim(KeySpace.usage(partition), args)))
                .map(claimed -> new Claim(claimed.getId(), deliveries(partition, claimed.getMessages())));
    }

    /**
     * What a claim found.
     *
     * @param cursor where the next one goes on; {@code 0-0} when all was seen
     */
    record Claim(String cursor, List<Delivery> deliveries) {}

    /** Moves an entry to the dead letters; false if it was settled or buried by another meanwhile. */
    Mono<Boolean> bury(Delivery delivery, String error) {
        String[] keys = {KeySpace.usage(delivery.partition()), KeySpace.dead(delivery.partition())};
        return redis.eval(BURY, keys, KeySpace.GROUP, delivery.entryId(), error).map(reply -> number(reply) == 1);
    }

    /** Puts the oldest {@code count} dead letters back into the stream; answers how many there were. */
    Mono<Long> replay(int partition, long count) {
        String[] keys = {KeySpace.usage(partition), KeySpace.dead(partition)};
        return redis.eval(REPLAY, keys, Long.toString(count)).map(UsageStream::number);
    }

    /** Removes consumers that own nothing and have not asked for {@code idle}; answers how many. */
    Mono<Long> forgetConsumers(int partition, Duration idle) {
        String[] keys = {KeySpace.usage(partition)};
        return inGroup(partition, redis.eval(FORGET, keys, KeySpace.GROUP, Long.toString(idle.toMillis())))
                .map(UsageStream::number);
    }

    Mono<Long> length(int partition) {
        return redis.call(commands -> commands.xlen(KeySpace.usage(partition)));
    }

    Mono<Long> deadLetters(int partition) {
        return redis.call(commands -> commands.xlen(KeySpace.dead(partition)));
    }

    /** When the oldest entry was added; empty if there is none. */
    Mono<Instant> oldest(int partition) {
        return redis.call(commands -> commands.xrange(KeySpace.usage(partition), Range.unbounded(), Limit.create(0, 1)))
                .filter(messages -> !messages.isEmpty())
                .map(messages -> addedAt(messages.get(0).getId()));
    }

    /** Runs a command on the group; makes the group and runs the command again if there is none. */
    private <T> Mono<T> inGroup(int partition, Mono<T> command) {
        return command.onErrorResume(
                UsageStream::isNoGroup, error -> create(partition).then(command));
    }

    private Mono<Void> create(int partition) {
        StreamOffset<String> beginning = StreamOffset.from(KeySpace.usage(partition), "0");
        XGroupCreateArgs args = XGroupCreateArgs.Builder.mkstream(true);
        return redis.call(commands -> commands.xgroupCreate(beginning, KeySpace.GROUP, args))
                .onErrorResume(error -> error.getCause() instanceof RedisBusyException, error -> Mono.empty())
                .then();
    }

    private static boolean isNoGroup(Throwable error) {
        return error instanceof RedisUnavailableException
                && error.getCause() instanceof RedisCommandExecutionException answer
                && String.valueOf(answer.getMessage()).contains("NOGROUP");
    }

    private static List<Delivery> deliveries(
            int partition, @Nullable List<@Nullable StreamMessage<String, String>> messages) {
        return messages == null
                ? List.of()
                : messages.stream()
                        .filter(message -> message != null && message.getId() != null)
                        .map(message -> Delivery.of(partition, message.getId(), message.getBody()))
                        .toList();
    }

    private static Instant addedAt(String entryId) {
        return Instant.ofEpochMilli(Long.parseLong(entryId.substring(0, entryId.indexOf('-'))));
    }

    private static long number(List<Object> reply) {
        return (Long) reply.get(0);
    }

    @SafeVarargs
    @SuppressWarnings("varargs")
    private static StreamOffset<String>[] offsets(StreamOffset<String>... offsets) {
        return offsets;
    }
}
