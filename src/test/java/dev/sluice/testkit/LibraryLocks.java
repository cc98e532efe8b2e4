package dev.sluice.testkit;

import java.util.List;
import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Tells BlockHound which locks of libraries may park an event loop for a moment, because they are held for a few
 * instructions and never across I/O: Netty's adaptive allocator guards its magazines, the JDK's scheduler its queue, Lettuce
 * counts the writers of a connection, registers one with a node of a Cluster and draws from the system's entropy when it begins
 * one with TLS, Resilience4j records a call's end, and Jackson makes the reader of a type once. Without this, whatever meets such
 * a lock under load fails. Our own code is watched as before.
 */
public final class LibraryLocks implements BlockHoundIntegration {

    private static final String CIRCUIT_BREAKER =
            "io.github.resilience4j.circuitbreaker.internal.CircuitBreakerStateMachine";
    private static final String LETTUCE = "io.lettuce.core.";

    /** A method of a class. BlockHound does not tell of one that is not there. */
    record Locked(String type, String method) {}

    static final List<Locked> LOCKED = List.of(
            new Locked("io.netty.buffer.AdaptivePoolingAllocator", "allocate"),
            // A timer that is cancelled. Refused inside of the lock, it would leave the lock taken for ever.
            new Locked("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "remove"),
            new Locked("tools.jackson.databind.deser.DeserializerCache", "_createAndCacheValueDeserializer"),
            new Locked(LETTUCE + "protocol.SharedLock", "incrementWriters"),
            new Locked(LETTUCE + "protocol.SharedLock", "decrementWriters"),
            new Locked(LETTUCE + "protocol.SharedLock", "doExclusive"),
            new Locked(
                    LETTUCE + "cluster.PooledClusterConnectionProvider$NodeConnectionPostProcessor", "lambda$apply$4"),
            new Locked(LETTUCE + "SslConnectionBuilder$SslChannelInitializer", "initializeSSLEngine"),
            new Locked(CIRCUIT_BREAKER, "tryAcquirePermission"),
            new Locked(CIRCUIT_BREAKER, "onSuccess"),
            new Locked(CIRCUIT_BREAKER, "onResult"),
            new Locked(CIRCUIT_BREAKER, "onError"),
            new Locked("io.github.resilience4j.circularbuffer.ConcurrentEvictingQueue", "offer"));

    @Override
    public void applyTo(BlockHound.Builder builder) {
        LOCKED.forEach(locked -> builder.allowBlockingCallsInside(locked.type, locked.method));
    }
}
