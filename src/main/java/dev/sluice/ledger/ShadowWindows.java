package dev.sluice.ledger;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.UserKeys;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * What filters in shadow mode have counted of a user, for who manages it. Every step fails with a
 * {@code RedisUnavailableException}.
 */
public final class ShadowWindows {

    private final RedisConnection redis;

    ShadowWindows(RedisConnection redis) {
        this.redis = redis;
    }

    /**
     * Reads what these would be judged by, and changes nothing: the rates are those of all {@link ShadowCheck.Rates}, the
     * verdicts those of all {@link ShadowCheck.Buckets}, in their order.
     */
    public Mono<LedgerView> look(String userId, List<ShadowCheck> shadows) {
        return Mono.defer(() -> {
            List<ShadowCheck.Rates> rates = of(ShadowCheck.Rates.class, shadows);
            List<ShadowCheck.Buckets> buckets = of(ShadowCheck.Buckets.class, shadows);
            List<RateCheck> checks =
                    rates.stream().flatMap(rate -> rate.checks().stream()).toList();
            UserKeys user = UserKeys.of(userId);
            List<String> keys = new ArrayList<>();
            keys.add(KeySpace.fence(user.partition()));
            keys.add(user.quota());
            keys.add(user.inFlight());
            rates.forEach(rate -> ShadowArguments.addKeys(keys, user, rate));
            buckets.forEach(bucket -> ShadowArguments.addKeys(keys, user, bucket));
            List<String> args = new ArrayList<>();
            args.add(Integer.toString(checks.size()));
            checks.forEach(check -> Ledger.addRate(args, check));
            int verdicts =
                    buckets.stream().mapToInt(each -> each.buckets().size()).sum();
            return redis.eval(LedgerScripts.SHIPPED.look(), keys.toArray(String[]::new), args.toArray(String[]::new))
                    .map(reply -> LedgerView.read(reply, checks.size(), verdicts));
        });
    }

    /** Forgets what these have counted; completes with how many windows had counted anything. */
    public Mono<Long> reset(String userId, List<ShadowCheck.Rates> candidates) {
        UserKeys user = UserKeys.of(userId);
        List<String> keys = new ArrayList<>();
        candidates.forEach(candidate -> ShadowArguments.addKeys(keys, user, candidate));
        String[] each = keys.stream().distinct().toArray(String[]::new);
        return each.length == 0 ? Mono.just(0L) : redis.call(commands -> commands.del(each));
    }

    private static <T extends ShadowCheck> List<T> of(Class<T> kind, List<ShadowCheck> shadows) {
        return shadows.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
