package dev.sluice.caller;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/**
 * The keys that Supabase Auth publishes (RFC 7517), kept for 10 minutes. An unknown kid has the set fetched again, so
 * that a rotated key works at once, but never more than once per 5 seconds, whoever sends what. While the set cannot be
 * fetched, the keys of the last one stay valid.
 */
final class SigningKeys {

    static final Duration FRESH = Duration.ofMinutes(10);
    static final Duration MIN_INTERVAL = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(SigningKeys.class);

    private record Loaded(Map<String, VerificationKey> keys, long atNanos) {}

    private final WebClient client;
    private final URI url;
    private final Duration timeout;
    private final OAuth2TokenValidator<Jwt> claims;
    private final LongSupplier nanoTime;

    private volatile @Nullable Loaded loaded;
    private volatile @Nullable Throwable failure;
    private @Nullable Mono<Loaded> underWay;
    private long attemptedAtNanos;
    private boolean attempted;

    /**
     * @param timeout of one fetch
     * @param claims that every decoder checks
     */
    SigningKeys(WebClient client, URI url, Duration timeout, OAuth2TokenValidator<Jwt> claims, LongSupplier nanoTime) {
        this.client = client;
        this.url = url;
        this.timeout = timeout;
        this.claims = claims;
        this.nanoTime = nanoTime;
    }

    /** The key of that id; empty if there is none, an error if that cannot be told. */
    Mono<VerificationKey> find(String kid) {
        return Mono.defer(() -> {
            Loaded current = loaded;
            VerificationKey key = current == null ? null : current.keys.get(kid);
            if (current != null && key != null && nanoTime.getAsLong() - current.atNanos < FRESH.toNanos()) {
                return Mono.just(key);
            }
            Mono<Loaded> fetch = fetch();
            if (fetch == null) {
                return key != null ? Mono.just(key) : noneFor();
            }
            Mono<VerificationKey> found = fetch.flatMap(set -> Mono.justOrEmpty(set.keys.get(kid)));
            return key == null ? found : found.onErrorReturn(key);
        });
    }

    /** What is said of an unknown kid while fetching again would be too soon. */
    private Mono<VerificationKey> noneFor() {
        Throwable last = failure;
        return last == null ? Mono.empty() : Mono.error(last);
    }

    /** The fetch under way, or a new one; null if the last one is too recent. */
    private synchronized @Nullable Mono<Loaded> fetch() {
        if (underWay != null) {
            return underWay;
        }
        long now = nanoTime.getAsLong();
        if (attempted && now - attemptedAtNanos < MIN_INTERVAL.toNanos()) {
            return null;
        }
        attempted = true;
        attemptedAtNanos = now;
        underWay = client.get()
                .uri(url)
                .retrieve()
                .bodyToMono(String.class)
                .timeout(timeout)
                .switchIfEmpty(Mono.error(() -> new IllegalStateException("An empty answer")))
                .map(body -> new Loaded(parse(body), now))
                .doOnNext(this::loaded)
                .doOnError(this::failed)
                .doOnTerminate(this::landed)
                .cache();
        return underWay;
    }

    private void loaded(Loaded set) {
        loaded = set;
        failure = null;
    }

    private void failed(Throwable error) {
        failure = error;
        log.warn("The keys of Supabase Auth cannot be fetched from {}: {}", url, error.toString());
    }

    private synchronized void landed() {
        underWay = null;
    }

    private Map<String, VerificationKey> parse(String body) {
        try {
            Map<String, VerificationKey> keys = new HashMap<>();
            for (JWK jwk : JWKSet.parse(body).getKeys()) {
                VerificationKey key = VerificationKey.of(jwk, claims);
                if (key != null) {
                    keys.put(key.kid(), key);
                }
            }
            return Map.copyOf(keys);
        } catch (ParseException e) {
            throw new IllegalStateException("The answer is not a JWK set", e);
        }
    }
}
