package dev.sluice.ledger;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/** The leases of uploads in flight after {@code admit.lua} gave them. Fails with a {@code RedisUnavailableException}. */
public final class Flights {

    private static final Script RENEW = Script.load(Flights.class, "renew");

    private final RedisConnection redis;

    /** @param redis the admission's own connection, so that a release is never before what it releases */
    public Flights(RedisConnection redis) {
        this.redis = redis;
    }

    /** Lets these uploads of one user count on; those that do not count any more stay gone. */
    public Mono<Void> renew(String userId, List<Flight> flights, Duration lease) {
        List<String> args = new ArrayList<>(1 + flights.size());
        args.add(Long.toString(lease.toMillis()));
        flights.forEach(flight -> args.add(flight.member()));
        return redis.eval(RENEW, new String[] {KeySpace.inFlight(userId)}, args.toArray(String[]::new))
                .then();
    }

    /** Ends an upload; safe to repeat, and if it never counted. */
    public Mono<Void> release(String userId, Flight flight) {
        return redis.call(commands -> commands.zrem(KeySpace.inFlight(userId), flight.member()))
                .then();
    }
}
