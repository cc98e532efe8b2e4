package dev.sluice.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A channel of Redis on which instances wake each other, so that what is looked at again and again is looked at now. A
 * message may be missed: nothing may depend on it but how soon something happens.
 *
 * <p>It has a connection of its own, which Lettuce makes anew with its subscription when it breaks, on a Cluster to any node.
 * Where the Redis user may not use the channel, that is logged once, and it is tried no more.
 */
public final class WakeUps implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(WakeUps.class);
    private static final Duration RETRY = Duration.ofSeconds(5);

    private final AbstractRedisClient client;
    private final RedisConnection redis;
    private final String channel;
    private final Runnable woken;

    /** Not that of the other connections, which must not wait for this one. */
    private final Scheduler connecting = Schedulers.boundedElastic();

    private volatile boolean running;
    private volatile boolean forbidden;
    private volatile @Nullable StatefulRedisPubSubConnection<String, String> connection;

    /**
     * @param client not closed with this
     * @param redis the connection on which others are woken
     * @param woken called briefly, on any thread
     */
    public WakeUps(AbstractRedisClient client, RedisConnection redis, String channel, Runnable woken) {
        this.client = client;
        this.redis = redis;
        this.channel = channel;
        this.woken = woken;
    }

    /** Wakes whoever listens, itself too. Never fails. */
    public Mono<Void> wake() {
        return forbidden
                ? Mono.empty()
                : redis.call(commands -> commands.publish(channel, ""))
                        .doOnError(error -> log.debug("Nobody is woken by {}: {}", channel, error.toString()))
                        .onErrorComplete()
                        .then();
    }

    @Override
    public void start() {
        running = true;
        var unused = connecting.schedule(this::connect);
    }

    private void connect() {
        if (!running) {
            return;
        }
        StatefulRedisPubSubConnection<String, String> made = null;
        try {
            made = client instanceof RedisClusterClient cluster
                    ? cluster.connectPubSub(StringCodec.UTF8)
                    : ((RedisClient) client).connectPubSub(StringCodec.UTF8);
            made.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String from, String message) {
                    woken.run();
                }
            });
            made.sync().subscribe(channel);
            connection = made;
            woken.run();
        } catch (RuntimeException e) {
            if (made != null) {
                made.closeAsync();
            }
            again(e);
        }
        if (!running) {
            stop();
        }
    }

    private void again(RuntimeException error) {
        if (error instanceof RedisCommandExecutionException
                && String.valueOf(error.getMessage()).startsWith("NOPERM")) {
            forbidden = true;
            log.warn(
                    "The Redis user may not use the channel {}: what it would tell at once is found within a second. Give it"
                            + " &{} +publish +subscribe ({})",
                    channel,
                    channel,
                    error.getMessage());
            return;
        }
        log.debug("Not subscribed to {}: {}", channel, error.toString());
        var unused = connecting.schedule(this::connect, RETRY.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void stop() {
        running = false;
        StatefulRedisPubSubConnection<String, String> current = connection;
        connection = null;
        if (current != null) {
            current.closeAsync();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
