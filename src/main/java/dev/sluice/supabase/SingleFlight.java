package dev.sluice.supabase;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

/**
 * Lets all who ask for the same thing at the same time share one call. Nothing is kept beyond the call: who joins after
 * its end, also after an error, starts another. Who wants to keep the answer stores it within the call, and looks there
 * first when a call begins.
 */
public final class SingleFlight<K, V> {

    private final ConcurrentMap<K, Mono<V>> flights = new ConcurrentHashMap<>();

    /**
     * Joins the call under way for {@code key}, or starts one. A subscriber that cancels leaves the call to the others,
     * and to its own end.
     */
    public Mono<V> join(K key, Supplier<Mono<V>> call) {
        return Mono.defer(() -> flights.computeIfAbsent(
                key,
                started -> Mono.defer(call)
                        .doOnTerminate(() -> flights.remove(started))
                        .cache()));
    }
}
