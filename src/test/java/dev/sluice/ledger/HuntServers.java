package dev.sluice.ledger;

import static org.awaitility.Awaitility.await;

import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.testkit.Redis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** The servers of a hunt, and the one connection on which all its gateways and workers call the scripts. */
final class HuntServers implements AutoCloseable {

    private static final int CLOCKS = 3;

    final Redis redis = Redis.start();
    final HuntDatabase database = new HuntDatabase();

    /** How far Redis' clock is ahead of the real time. */
    int redisHours;

    private final RedisClient client = RedisClient.create(redis.uri());
    private final ScheduledExecutorService connector = Executors.newSingleThreadScheduledExecutor();
    private final RedisConnection connection;
    private final String look = redis.client()
            .scriptLoad(
                    "return { redis.call('HGETALL', KEYS[1]), redis.call('PTTL', KEYS[1]), redis.call('XLEN', KEYS[2]) }");
    private final Map<LedgerScripts, List<LedgerScripts>> moved = new HashMap<>();
    private volatile boolean losing;
    private volatile @Nullable Object lastReply;
    private long users;
    private long events;

    HuntServers() {
        connection = new RedisConnection(client, Duration.ofSeconds(5), this::perhapsLost, connector);
        await().until(connection::isConnected);
    }

    /** All fields of the ledger, its time to live in ms, and how many entries the stream has. */
    List<Object> look(String quota, String stream) {
        return redis.client().evalsha(look, ScriptOutputType.MULTI, quota, stream);
    }

    String newUser() {
        return "user-" + ++users;
    }

    long nextEvent(long ofRun) {
        return (++events << 8) | (ofRun & 0xff);
    }

    /** A ledger for each time that Redis' clock can show. */
    List<Ledger> ledgers(LedgerScripts scripts, Fences fences) {
        List<Ledger> ledgers = new ArrayList<>();
        for (LedgerScripts at : moved.computeIfAbsent(scripts, this::atEachTime)) {
            ledgers.add(new Ledger(connection, fences, LedgerClient.SETTINGS, at));
        }
        return ledgers;
    }

    /** For steps that do not ask what time it is. */
    Ledger plainLedger(LedgerScripts scripts) {
        return new Ledger(connection, new Fences(), LedgerClient.SETTINGS, scripts);
    }

    private List<LedgerScripts> atEachTime(LedgerScripts scripts) {
        List<LedgerScripts> clocks = new ArrayList<>();
        for (int hours = 0; hours < CLOCKS; hours++) {
            LedgerScripts at = MovedScripts.ahead(redis, 3_600L * hours);
            clocks.add(new LedgerScripts(
                    at.admit(),
                    scripts.load(),
                    scripts.settle(),
                    scripts.takeover(),
                    scripts.correct(),
                    scripts.fence(),
                    scripts.look()));
        }
        return clocks;
    }

    /** Runs the call, whose answer the caller never sees; answers what it was. */
    @Nullable Object loseAnswer(Mono<?> call) {
        losing = true;
        try {
            call.block();
            throw new IllegalStateException("the answer was not lost");
        } catch (RedisUnavailableException expected) {
            return lastReply;
        } finally {
            losing = false;
        }
    }

    private Mono<Object> perhapsLost(Mono<Object> call) {
        return Mono.defer(() -> losing
                ? call.doOnNext(reply -> lastReply = reply)
                        .then(Mono.error(new RedisUnavailableException("the answer is lost", null)))
                : call);
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
        database.close();
        redis.close();
    }
}
