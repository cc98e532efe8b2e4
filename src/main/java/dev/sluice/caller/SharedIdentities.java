package dev.sluice.caller;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The identities that all instances share in Redis. The key's remaining life travels with each read, so that no two
 * caches add up and no two clocks are compared. The name in Redis holds 64 bits of the key's hash only; the others stand in
 * the value and are compared.
 */
final class SharedIdentities {

    private static final Script READ = Script.load(SharedIdentities.class, "identity");

    /**
     * An array, since there are as many of them as keys in use.
     *
     * @param rest what the name does not hold of the key's hash, in Base64
     */
    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    private record Stored(
            @Nullable String rest,
            @Nullable String userId,
            @Nullable String apiKeyId,
            @Nullable String plan) {}

    private final RedisConnection redis;
    private final JsonMapper json;
    private final Duration ttl;
    private final LongSupplier nanoTime;

    SharedIdentities(RedisConnection redis, JsonMapper json, Duration ttl, LongSupplier nanoTime) {
        this.redis = redis;
        this.json = json;
        this.ttl = ttl;
        this.nanoTime = nanoTime;
    }

    /** Empty if Redis holds none; fails with {@link dev.sluice.redis.RedisUnavailableException}. */
    Mono<Identity> read(String hash) {
        return Mono.defer(() -> {
            long asked = nanoTime.getAsLong();
            return redis.eval(READ, new String[] {KeySpace.apiKey(hash)})
                    .flatMap(reply -> Mono.justOrEmpty(identity(hash, reply, asked)));
        });
    }

    private @Nullable Identity identity(String hash, List<Object> reply, long asked) {
        Object text = reply.get(0);
        long leftMillis = (Long) reply.get(1);
        Stored stored = text == null || leftMillis <= 0 ? null : parse((String) text);
        if (stored == null || stored.rest == null || !Sha256.isSame(rest(hash), stored.rest)) {
            return null;
        }
        Duration left = Duration.ofMillis(Math.min(leftMillis, ttl.toMillis()));
        Caller caller = stored.userId == null ? null : new Caller(stored.userId, stored.apiKeyId, stored.plan, null);
        return new Identity(caller, asked - ttl.minus(left).toNanos());
    }

    private static String rest(String hash) {
        return Base64.getUrlEncoder().encodeToString(HexFormat.of().parseHex(KeySpace.unnamed(hash)));
    }

    /** Null for what another version or hand wrote: it is asked anew and overwritten. */
    private @Nullable Stored parse(String text) {
        try {
            return json.readValue(text, Stored.class);
        } catch (JacksonException e) {
            return null;
        }
    }

    /** Stores the identity for what is left of its life. */
    Mono<Void> write(String hash, Identity identity) {
        return Mono.defer(() -> {
            long leftMillis = ttl.toMillis() - (nanoTime.getAsLong() - identity.askedNanos()) / 1_000_000;
            if (leftMillis <= 0) {
                return Mono.empty();
            }
            Caller caller = identity.caller();
            Stored stored = caller == null
                    ? new Stored(rest(hash), null, null, null)
                    : new Stored(rest(hash), caller.userId(), caller.apiKeyId(), caller.plan());
            String text = json.writeValueAsString(stored);
            return redis.call(commands -> commands.psetex(KeySpace.apiKey(hash), leftMillis, text))
                    .then();
        });
    }

    Mono<Void> delete(String hash) {
        return redis.call(commands -> commands.del(KeySpace.apiKey(hash))).then();
    }
}
