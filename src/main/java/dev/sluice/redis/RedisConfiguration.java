package dev.sluice.redis;

import dev.sluice.tracing.RedisCalls;
import io.github.resilience4j.bulkhead.BulkheadRegistry;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.github.resilience4j.reactor.bulkhead.operator.BulkheadOperator;
import io.github.resilience4j.reactor.circuitbreaker.operator.CircuitBreakerOperator;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientConfigurationBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.LettuceClientOptionsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.publisher.Mono;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedisProperties.class)
class RedisConfiguration {

    private static final String CIRCUIT = "redis";
    private static final Duration LONGEST_RECONNECT_PAUSE = Duration.ofSeconds(1);

    /** The background's commands move batches; they must not be held to a request's budget. */
    private static final Duration BACKGROUND_TIMEOUT = Duration.ofSeconds(2);

    /** How often a Cluster is asked who owns which slots, where {@code spring.data.redis} does not say. */
    private static final Duration REFRESH_PERIOD = Duration.ofSeconds(10);

    /** After a long outage Lettuce would wait up to 30 s before it connects again. */
    @Bean
    ClientResourcesBuilderCustomizer reconnectSoon() {
        return resources -> resources.reconnectDelay(
                Delay.exponential(Duration.ofMillis(20), LONGEST_RECONNECT_PAUSE, 2, TimeUnit.MILLISECONDS));
    }

    /** Commands that are ready at the same time go out in one system call; the bound is Netty's own. */
    @Bean
    ClientResourcesBuilderCustomizer flushTogether() {
        return resources -> resources.nettyCustomizer(new NettyCustomizer() {
            @Override
            public void afterChannelInitialized(Channel channel) {
                channel.pipeline()
                        .addFirst(new FlushConsolidationHandler(
                                FlushConsolidationHandler.DEFAULT_EXPLICIT_FLUSH_AFTER_FLUSHES, true));
            }
        });
    }

    /**
     * A command is refused while there is no connection, and never waits longer than its connection's timeout. Redis
     * Enterprise's notes on maintenance are not asked for: they would lengthen the timeouts, and need one more right.
     */
    @Bean
    LettuceClientOptionsBuilderCustomizer redisClientOptions(DataRedisProperties redis) {
        Duration period = redis.getLettuce().getCluster().getRefresh().getPeriod();
        return options -> {
            options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                    .timeoutOptions(TimeoutOptions.enabled())
                    .maintNotificationsConfig(MaintNotificationsConfig.disabled());
            if (options instanceof ClusterClientOptions.Builder cluster) {
                ClusterTopology.configure(cluster, period == null ? REFRESH_PERIOD : period);
            }
        };
    }

    /** On a Cluster Lettuce holds all connections to one timeout; the shorter one is kept by {@link ClusterTopology}. */
    @Bean
    LettuceClientConfigurationBuilderCustomizer clusterTimeout(DataRedisProperties redis, RedisProperties properties) {
        Duration longer =
                properties.timeout().compareTo(BACKGROUND_TIMEOUT) > 0 ? properties.timeout() : BACKGROUND_TIMEOUT;
        return client -> {
            if (redis.getCluster() != null) {
                client.commandTimeout(longer);
            }
        };
    }

    @Bean(destroyMethod = "shutdownNow")
    ScheduledExecutorService redisConnector() {
        return new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "redis-connector");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * The connection of the request path: one budget, one circuit breaker; whatever opens that, the loss is told. The breaker's
     * own operators, since Spring's would look it up by name, and make another, at each call.
     */
    @Bean
    @Primary
    RedisConnection edgeRedis(
            LettuceConnectionFactory factory,
            RedisProperties properties,
            CircuitBreakerRegistry circuits,
            BulkheadRegistry bulkheads,
            ScheduledExecutorService redisConnector) {
        CircuitBreaker circuit = circuits.circuitBreaker(CIRCUIT);
        CircuitBreakerOperator<Object> throughCircuit = CircuitBreakerOperator.of(circuit);
        BulkheadOperator<Object> throughBulkhead = BulkheadOperator.of(bulkheads.bulkhead(CIRCUIT));
        RedisConnection edge = new RedisConnection(
                factory.getRequiredNativeClient(),
                properties.timeout(),
                call -> Mono.from(throughCircuit.apply(Mono.from(throughBulkhead.apply(call)))),
                calls(factory),
                redisConnector);
        circuit.getEventPublisher().onStateTransition(change -> {
            if (change.getStateTransition().getToState() == State.OPEN) {
                edge.lost();
            }
        });
        return edge;
    }

    private static RedisCalls calls(LettuceConnectionFactory factory) {
        boolean one = !factory.isClusterAware() && !factory.isRedisSentinelAware();
        return new RedisCalls(one ? factory.getHostName() : null, factory.getPort());
    }

    @Bean
    Periodic redisProbe(RedisConnection edgeRedis, CircuitBreakerRegistry circuits) {
        RedisProbe probe = new RedisProbe(edgeRedis, circuits.circuitBreaker(CIRCUIT));
        return new Periodic(RedisProbe.EVERY, probe::closeIfAnswered);
    }

    /** The connection of everything that runs in the background; inject with {@code @Qualifier("backgroundRedis")}. */
    @Bean
    @Qualifier("backgroundRedis") RedisConnection backgroundRedis(LettuceConnectionFactory factory, ScheduledExecutorService redisConnector) {
        RedisConnection background = new RedisConnection(
                factory.getRequiredNativeClient(), BACKGROUND_TIMEOUT, call -> call, calls(factory), redisConnector);
        background.onReplacement(factory::resetConnection);
        return background;
    }
}
