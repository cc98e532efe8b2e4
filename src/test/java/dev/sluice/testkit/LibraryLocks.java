package dev.sluice.testkit;

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
    private static final String LETTUCE_WRITERS = "io.lettuce.core.protocol.SharedLock";

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate")
                // A timer that is cancelled. Refused inside of the lock, it would leave the lock taken for ever.
                .allowBlockingCallsInside("java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue", "remove")
                .allowBlockingCallsInside(
                        "tools.jackson.databind.deser.DeserializerCache", "_createAndCacheValueDeserializer")
                .allowBlockingCallsInside(LETTUCE_WRITERS, "incrementWriters")
                .allowBlockingCallsInside(LETTUCE_WRITERS, "decrementWriters")
                .allowBlockingCallsInside(LETTUCE_WRITERS, "doExclusive")
                .allowBlockingCallsInside(
                        "io.lettuce.core.cluster.PooledClusterConnectionProvider$NodeConnectionPostProcessor",
                        "lambda$apply$4")
                .allowBlockingCallsInside(
                        "io.lettuce.core.SslConnectionBuilder$SslChannelInitializer", "initializeSSLEngine")
                .allowBlockingCallsInside(CIRCUIT_BREAKER, "tryAcquirePermission")
                .allowBlockingCallsInside(CIRCUIT_BREAKER, "onSuccess")
                .allowBlockingCallsInside(CIRCUIT_BREAKER, "onResult")
                .allowBlockingCallsInside(CIRCUIT_BREAKER, "onError")
                .allowBlockingCallsInside("io.github.resilience4j.circularbuffer.ConcurrentEvictingQueue", "offer");
    }
}
