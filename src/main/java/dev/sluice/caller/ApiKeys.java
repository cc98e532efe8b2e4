package dev.sluice.caller;

import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import dev.sluice.supabase.SingleFlight;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.ParameterizedTypeReference;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Finds whose an API key is: in this process, else in Redis, else in the database ({@code resolve_api_key}); each is
 * asked once for all who wait for the same key. Unknown keys are remembered like known ones. Errors are never remembered.
 */
public final class ApiKeys {

    private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);
    private static final int MAX_LENGTH = 256;
    private static final ParameterizedTypeReference<Row> ROW = new ParameterizedTypeReference<>() {};

    /** The answer of {@code resolve_api_key}. */
    record Row(
            @Nullable String apiKeyId,
            @Nullable String userId,
            @Nullable String plan) {}

    /** A call for one key; who asks after something was forgotten joins none who asked before. */
    private record Flight(String hash, long generation) {}

    private final LocalIdentities local;
    private final SharedIdentities shared;
    private final PostgRest database;
    private final Duration redisBudget;
    private final LongSupplier nanoTime;
    private final SingleFlight<Flight, Identity> redisReads = new SingleFlight<>();
    private final SingleFlight<Flight, Identity> databaseReads = new SingleFlight<>();

    /** @param redisBudget of one request, for all its calls of Redis */
    ApiKeys(
            LocalIdentities local,
            SharedIdentities shared,
            PostgRest database,
            Duration redisBudget,
            LongSupplier nanoTime) {
        this.local = local;
        this.shared = shared;
        this.database = database;
        this.redisBudget = redisBudget;
        this.nanoTime = nanoTime;
    }

    /** Whose key it is, as this process remembers it; null if it has to be asked, or the key is not valid. */
    @Nullable Caller known(String key) {
        Identity identity = isWellFormed(key) ? local.get(Sha256.hex(key)) : null;
        return identity == null ? null : identity.caller();
    }

    /**
     * Whose key it is. Empty if it is malformed, unknown, expired or revoked; fails with IDENTITY_UNAVAILABLE if neither
     * Redis nor the database can tell and nothing of the last 15 minutes is remembered.
     */
    Mono<Caller> find(String key, Timings timings) {
        return find(key, timings, true);
    }

    /**
     * As {@link #find}, but Redis is not told that a key is unknown: whoever makes keys up would fill it.
     */
    Mono<Caller> findForTheDoubted(String key, Timings timings) {
        return find(key, timings, false);
    }

    /** Whether this process can tell whose key it is, or could some minutes ago. */
    boolean remembers(String key) {
        if (!isWellFormed(key)) {
            return true;
        }
        String hash = Sha256.hex(key);
        return local.get(hash) != null || local.lastKnown(hash) != null;
    }

    private Mono<Caller> find(String key, Timings timings, boolean shareUnknown) {
        return Mono.defer(() -> {
            if (!isWellFormed(key)) {
                return Mono.empty();
            }
            String hash = Sha256.hex(key);
            Identity cached = local.get(hash);
            return cached != null
                    ? Mono.justOrEmpty(cached.caller())
                    : ask(hash, timings, shareUnknown).flatMap(identity -> Mono.justOrEmpty(identity.caller()));
        });
    }

    /** Printable ASCII without spaces. */
    private static boolean isWellFormed(String key) {
        for (int i = 0; i < key.length(); i++) {
            if (key.charAt(i) <= ' ' || key.charAt(i) >= 0x7f) {
                return false;
            }
        }
        return !key.isEmpty() && key.length() <= MAX_LENGTH;
    }

    private Mono<Identity> ask(String hash, Timings timings, boolean shareUnknown) {
        return fromRedis(hash, timings)
                .switchIfEmpty(Mono.defer(
                        () -> fromDatabase(hash, timings, found -> shareUnknown || found.caller() != null)))
                .onErrorResume(RedisUnavailableException.class, away -> fromDatabase(hash, timings, found -> false))
                .onErrorResume(error -> lastKnown(hash, error));
    }

    private Mono<Identity> fromRedis(String hash, Timings timings) {
        Duration left = budgetLeft(timings);
        if (left.isNegative() || left.isZero()) {
            return Mono.error(RedisUnavailableException.notSent("The request's time for Redis is spent", null));
        }
        long generation = local.generation();
        Mono<Identity> read = redisReads.join(
                new Flight(hash, generation),
                () -> shared.read(hash)
                        .filter(local::believes)
                        .doOnNext(identity -> local.put(hash, identity, generation)));
        return timings.measure(Stage.REDIS, read.timeout(left)).onErrorMap(TimeoutException.class, ApiKeys::late);
    }

    /** @param store what Redis is told; nothing if it did not answer so far: no more of the request's time is spent on it */
    private Mono<Identity> fromDatabase(String hash, Timings timings, Predicate<Identity> store) {
        AtomicBoolean asked = new AtomicBoolean();
        long generation = local.generation();
        Mono<Identity> read = databaseReads.join(new Flight(hash, generation), () -> {
            Identity cached = local.get(hash);
            if (cached != null) {
                return Mono.just(cached);
            }
            asked.set(true);
            return resolve(hash, generation);
        });
        return timings.measure(Stage.DATABASE, read)
                .flatMap(identity -> store.test(identity) && asked.get() && generation == local.generation()
                        ? toRedis(hash, identity, timings).thenReturn(identity)
                        : Mono.just(identity));
    }

    private Mono<Identity> resolve(String hash, long generation) {
        long askedNanos = nanoTime.getAsLong();
        return database.rpc("resolve_api_key", Map.of("p_key_hash", hash), ROW)
                .flatMap(row -> identity(row, askedNanos))
                .defaultIfEmpty(new Identity(null, askedNanos))
                .doOnNext(identity -> local.put(hash, identity, generation));
    }

    private static Mono<Identity> identity(Row row, long askedNanos) {
        String userId = row.userId();
        return userId != null && UserId.isValid(userId)
                ? Mono.just(new Identity(new Caller(userId, row.apiKeyId(), row.plan(), null), askedNanos))
                : Mono.error(new DatabaseUnavailableException("An API key without a usable user id", null));
    }

    /** Never fails: what could not be stored is asked again. */
    private Mono<Void> toRedis(String hash, Identity identity, Timings timings) {
        Duration left = budgetLeft(timings);
        return left.isNegative() || left.isZero()
                ? Mono.empty()
                : timings.measure(
                        Stage.REDIS, shared.write(hash, identity).timeout(left).onErrorComplete());
    }

    private Mono<Identity> lastKnown(String hash, Throwable error) {
        log.debug("An API key cannot be looked up: {}", error.toString());
        Identity last = local.lastKnown(hash);
        return last != null
                ? Mono.just(last)
                : Mono.error(Refusals.unavailable("Whose API key this is cannot be looked up at the moment"));
    }

    private Duration budgetLeft(Timings timings) {
        return redisBudget.minusNanos(timings.spentNanos(Stage.REDIS));
    }

    private static RedisUnavailableException late(Throwable timeout) {
        return new RedisUnavailableException("Redis did not answer within the request's time for it", timeout);
    }

    /**
     * Forgets the identities of the user's keys that this process knows, here and in Redis, so that a revocation or a new
     * plan acts at once; what others may yet write to Redis is not believed until it has expired. Every instance has to be
     * told: each knows the keys that came to it. Fails if Redis could not be told; this process has forgotten them all the
     * same.
     */
    public Mono<Void> forgetUser(String userId) {
        return Mono.defer(() -> delete(local.forgetUser(userId)));
    }

    /** Forgets the identities of all keys, in this process only, as if {@link #forgetUser} had named every user. */
    public void forgetAll() {
        local.forgetAll();
    }

    /** Forgets the identity of one key, named by its SHA-256 in lower-case hexadecimal, here and in Redis. */
    public Mono<Void> forgetKey(String keyHash) {
        return Mono.defer(() -> {
            Set<String> hashes = Set.of(keyHash);
            local.forget(hashes);
            return delete(hashes).doOnTerminate(() -> local.forget(hashes));
        });
    }

    private Mono<Void> delete(Set<String> hashes) {
        return Flux.fromIterable(hashes).flatMapDelayError(shared::delete, 8, 1).then();
    }
}
