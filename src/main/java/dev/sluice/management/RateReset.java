package dev.sluice.management;

import dev.sluice.admission.TriedRateLimit;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.ledger.ShadowWindows;
import dev.sluice.management.InstanceMemory.Part;
import dev.sluice.management.Instances.Reached;
import dev.sluice.operation.Operation;
import dev.sluice.operation.Operations;
import dev.sluice.routes.RoutesInForce;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/**
 * Lets a user begin with empty rate windows, in Redis and in every instance, also those that filters in shadow mode count.
 * Never touches the quota.
 */
final class RateReset {

    /** @param windows that had counted anything in Redis */
    record Emptied(long windows, Reached instances) {}

    private final InstanceMemory memory;
    private final Broadcast broadcast;
    private final Ledger ledger;
    private final ShadowWindows shadows;
    private final RoutesInForce routes;

    RateReset(InstanceMemory memory, Broadcast broadcast, Ledger ledger, ShadowWindows shadows, RoutesInForce routes) {
        this.memory = memory;
        this.broadcast = broadcast;
        this.ledger = ledger;
        this.shadows = shadows;
        this.routes = routes;
    }

    /**
     * Windows first: whoever is refused after that was counted after it. Fails with a {@code RedisUnavailableException}; then
     * only this instance's own windows are empty for sure.
     */
    Mono<Emptied> reset(String userId) {
        return memory.forget(Part.RATES, userId)
                .then(Mono.defer(() -> shadows.reset(userId, tried())))
                .flatMap(tried ->
                        ledger.resetRates(userId, windows(routes.operations())).map(emptied -> tried + emptied))
                .flatMap(emptied -> broadcast.tell(Part.RATES, userId).map(reached -> new Emptied(emptied, reached)));
    }

    /** After this the windows of now are empty anyway. */
    Duration longestWindow() {
        return windows(routes.operations()).stream()
                .map(check -> check.rate().window())
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /** What the routes in force count in shadow. */
    private List<ShadowCheck.Rates> tried() {
        return routes.filters()
                .filter(TriedRateLimit.class::isInstance)
                .map(TriedRateLimit.class::cast)
                .flatMap(filter -> filter.ofEveryPlan().stream())
                .toList();
    }

    private static List<RateCheck> windows(Operations operations) {
        return operations.ofEveryPlan().stream().flatMap(RateReset::windows).toList();
    }

    private static Stream<RateCheck> windows(Operation operation) {
        return operation.redis().stream().map(rate -> new RateCheck(operation.name(), rate, 1));
    }
}
