package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.ShadowCheck;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class AdmissionTests {

    private static final Claim.Quota ONE = new Claim.Quota(1, 0, OnFailure.ALLOW);

    private static final ShadowCheck SHADOW = new ShadowCheck.Quota(false, 1, null, null);

    private final Admission admission = new Admission();
    private final AtomicInteger decisions = new AtomicInteger();

    private Mono<Void> decided(Mono<Void> decision) {
        return admission.decided(() -> {
            decisions.incrementAndGet();
            return decision;
        });
    }

    @Test
    void decidesOnceForAll() {
        StepVerifier.create(decided(Mono.empty())).verifyComplete();
        StepVerifier.create(decided(Mono.error(new IllegalStateException()))).verifyComplete();
        assertThat(admission.isSettled()).isTrue();
        assertThat(decisions).hasValue(1);
    }

    @Test
    void repeatsARefusal() {
        IllegalStateException refusal = new IllegalStateException("refused");
        StepVerifier.create(decided(Mono.error(refusal))).verifyErrorMatches(error -> error == refusal);
        StepVerifier.create(decided(Mono.empty())).verifyErrorMatches(error -> error == refusal);
        assertThat(admission.isSettled()).isFalse();
        assertThat(decisions).hasValue(1);
    }

    @Test
    void goesOnWithADecisionThatNobodyWaitsForAnyMore() {
        Sinks.Empty<Void> answer = Sinks.empty();
        decided(answer.asMono()).subscribe().dispose();
        Mono<Void> again = decided(Mono.error(new IllegalStateException()));
        answer.tryEmitEmpty();

        StepVerifier.create(again).verifyComplete();
        assertThat(decisions).hasValue(1);
    }

    @Test
    void addsUpWhatFiltersClaimAndNothingThatOneOfThemClaimsAgain() {
        Object requests = new Object();
        admission.claim(requests, ONE);
        admission.claim(new Object(), new Claim.Quota(0, 5, OnFailure.ALLOW));
        admission.claim(requests, ONE);

        assertThat(admission.quota()).isEqualTo(new Claim.Quota(1, 5, OnFailure.ALLOW));
    }

    @Test
    void takesNoClaimsOnceItIsBeingDecided() {
        admission.claim(new Object(), ONE);
        decided(Mono.never()).subscribe();

        admission.forwarded();
        admission.claim(new Object(), ONE);
        admission.claim(new Claim.Bucket("other", Access.READ, OnFailure.DENY));

        assertThat(admission.quota()).isEqualTo(ONE);
        assertThat(admission.buckets()).isEmpty();
    }

    @Test
    void takesAShadowForNoClaimAndGivesEachFilterOne() {
        Object filter = new Object();
        admission.shadow(filter, SHADOW);
        admission.shadow(filter, SHADOW);
        admission.shadow(new Object(), SHADOW);

        assertThat(admission.isEmpty()).isTrue();
        assertThat(admission.shadows()).containsExactly(SHADOW, SHADOW);
        assertThat(admission.judgeShadows()).isTrue();
        assertThat(admission.judgeShadows()).isFalse();
        admission.forwarded();
        admission.shadow(filter, SHADOW);
        assertThat(admission.shadows()).isEmpty();
    }

    @Test
    void takesNoShadowOnceItIsBeingDecided() {
        admission.claim(new Object(), ONE);
        decided(Mono.never()).subscribe();

        admission.shadow(new Object(), SHADOW);

        assertThat(admission.shadows()).isEmpty();
    }

    @Test
    void leavesTheClaimsToTheRouteThatIsForwardedToWhileNothingIsDecided() {
        admission.claim(new Object(), ONE);
        admission.claim(new Claim.Bucket("first", Access.READ, OnFailure.DENY));

        admission.forwarded();
        assertThat(admission.isEmpty()).isTrue();
        admission.claim(new Object(), ONE);

        assertThat(admission.quota()).isEqualTo(ONE);
    }
}
