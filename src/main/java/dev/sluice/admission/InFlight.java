package dev.sluice.admission;

import dev.sluice.ledger.Flight;
import dev.sluice.ledger.Flights;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import dev.sluice.redis.RedisUnavailableException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The uploads on their way through this instance: holds its own limits, and renews the leases that count in Redis for as
 * long as it lives. If Redis cannot be reached a lease runs out, and its upload goes on uncounted there.
 */
final class InFlight implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(InFlight.class);
    private static final int RENEWALS_AT_ONCE = 16;

    private final InFlightProperties limits;
    private final Flights flights;

    /** The user of each upload that is in flight here and counts in Redis. */
    private final Map<Flight, String> leased = new ConcurrentHashMap<>();

    private long uploads;
    private long bytes;
    private volatile @Nullable Disposable renewing;

    InFlight(InFlightProperties limits, Flights flights, MeterRegistry registry) {
        this.limits = limits;
        this.flights = flights;
        Gauge.builder("sluice.upload.in_flight", this, InFlight::uploads)
                .description("Uploads on their way through this instance")
                .register(registry);
        Gauge.builder("sluice.upload.bytes_in_flight", this, InFlight::bytes)
                .description("The bytes that they declare")
                .register(registry);
    }

    /** Takes an upload in; null, or the refusal if this instance has no room for it. */
    synchronized @Nullable ProblemException enter(long size) {
        Problem full = full(size);
        if (full != null) {
            return full.exception();
        }
        uploads++;
        bytes += size;
        return null;
    }

    /** Why this instance has no room for an upload now; null if it has. */
    synchronized @Nullable Problem full(long size) {
        Long most = limits.maxConcurrentPerInstance();
        if (most != null && uploads >= most) {
            return Refusals.inFlight("uploads", most);
        }
        Long mostBytes = InFlightProperties.bytes(limits.maxBytesInFlightPerInstance());
        return mostBytes != null && bytes > mostBytes - size ? Refusals.inFlight("bytes", mostBytes) : null;
    }

    synchronized void leave(long size) {
        uploads--;
        bytes -= size;
    }

    private synchronized long uploads() {
        return uploads;
    }

    private synchronized long bytes() {
        return bytes;
    }

    /** The claim of an upload with these limits; null if there are none per user. */
    @Nullable Flight claim(String id, long size) {
        return limits.isPerUser()
                ? new Flight(
                        id,
                        size,
                        limits.maxConcurrent(),
                        InFlightProperties.bytes(limits.maxBytesInFlight()),
                        limits.lease())
                : null;
    }

    /** From now on the upload's lease is renewed, if it has one. */
    void hold(String userId, Flight flight) {
        leased.put(flight, userId);
    }

    /** From now on its lease is not renewed. */
    void letGo(Flight flight) {
        leased.remove(flight);
    }

    /** Ends what counts in Redis; if that cannot be reached, the lease runs out. */
    void release(String userId, Flight flight) {
        var unused = flights.release(userId, flight)
                .onErrorComplete(RedisUnavailableException.class)
                .toFuture();
    }

    @Override
    public void start() {
        if (limits.isPerUser()) {
            Duration period = limits.lease().dividedBy(3);
            renewing = Flux.interval(period)
                    .onBackpressureDrop()
                    .concatMap(tick -> renew(), 1)
                    .subscribe(done -> {}, error -> log.error("The leases of uploads are not renewed any more", error));
        }
    }

    private Mono<Void> renew() {
        Map<String, List<Flight>> byUser = new HashMap<>();
        leased.forEach((flight, user) ->
                byUser.computeIfAbsent(user, key -> new ArrayList<>()).add(flight));
        return Flux.fromIterable(byUser.entrySet())
                .flatMap(
                        one -> flights.renew(one.getKey(), one.getValue(), limits.lease())
                                .onErrorComplete(RedisUnavailableException.class),
                        RENEWALS_AT_ONCE)
                .then();
    }

    @Override
    public void stop() {
        Disposable running = renewing;
        renewing = null;
        if (running != null) {
            running.dispose();
        }
    }

    @Override
    public boolean isRunning() {
        return renewing != null;
    }
}
