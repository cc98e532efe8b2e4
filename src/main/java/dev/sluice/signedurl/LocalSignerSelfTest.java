package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import dev.sluice.problem.ProblemException;
import dev.sluice.supabase.StorageApi;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Asks storage, before this instance serves, whether it accepts a minted token. The probe uploads nothing into a bucket
 * that does not exist: storage verifies the token before it looks for the bucket, so "no such bucket" means that the token
 * is good, and nothing can be written either way.
 *
 * <p>A refusal stops the start. Storage being away does not, since a dependency's outage must not become ours: the
 * question is then repeated in the background, tokens are minted meanwhile, and a refusal that comes later makes the
 * signer fail until the tokens are accepted.
 */
final class LocalSignerSelfTest implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(LocalSignerSelfTest.class);
    private static final Duration FIRST_RETRY = Duration.ofSeconds(2);
    private static final Duration MAX_RETRY = Duration.ofSeconds(60);
    private static final Duration TOKEN_LIFE = Duration.ofSeconds(60);

    /** Chosen once, at the start: random numbers of the platform's default may block, and the repeats must not. */
    private final ObjectPath nowhere = new ObjectPath("sluice-self-test-" + UUID.randomUUID(), "nothing");

    private final TokenMint mint;
    private final StorageApi storage;
    private volatile boolean refused;
    private volatile @Nullable Disposable repeated;

    LocalSignerSelfTest(TokenMint mint, StorageApi storage) {
        this.mint = mint;
        this.storage = storage;
    }

    /** Whether storage's last answer was that it does not accept minted tokens. */
    boolean refused() {
        return refused;
    }

    @Override
    public void start() {
        try {
            if (!Boolean.TRUE.equals(probe().block())) {
                throw new IllegalStateException(
                        "Storage does not accept the tokens that sluice.signed-url.signer=local mints:"
                                + " sluice.supabase.jwt-secret is not, or no longer, the project's JWT secret. Set it,"
                                + " or use sluice.signed-url.signer=server");
            }
        } catch (ProblemException e) {
            log.warn("Storage cannot be asked whether it accepts minted tokens; asking again: {}", e.getMessage());
            repeated = untilAccepted().subscribe();
        }
    }

    @Override
    public void stop() {
        Disposable running = repeated;
        repeated = null;
        if (running != null) {
            running.dispose();
        }
    }

    @Override
    public boolean isRunning() {
        return repeated != null;
    }

    /** Before the web server's, so that a refused instance never listens. */
    @Override
    public int getPhase() {
        return 0;
    }

    private Mono<Boolean> untilAccepted() {
        return Mono.delay(FIRST_RETRY)
                .then(Mono.defer(this::probe))
                .doOnNext(this::learn)
                .filter(accepted -> accepted)
                .switchIfEmpty(Mono.error(() -> new IllegalStateException("Minted tokens are not accepted")))
                .doOnError(e -> log.warn("Asking storage again whether it accepts minted tokens: {}", e.toString()))
                .retryWhen(Retry.backoff(Long.MAX_VALUE, FIRST_RETRY).maxBackoff(MAX_RETRY));
    }

    private void learn(boolean accepted) {
        refused = !accepted;
        if (accepted) {
            log.info("Storage accepts minted tokens");
        } else {
            log.error("Storage does not accept minted tokens: sluice.supabase.jwt-secret is not the project's");
        }
    }

    private Mono<Boolean> probe() {
        return storage.acceptsUploadToken(nowhere.encoded(), mint.upload(nowhere, false, null, TOKEN_LIFE));
    }
}
