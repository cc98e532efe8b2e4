package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.SortableIds;
import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.ledger.AdmitRequest;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.Charge;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns a request's claims into what the ledger and the database are asked. */
final class AdmissionRequests {

    static final String PROVIDER = "supabase";

    private final DefaultLimit defaultLimit;
    private final Clock clock;

    AdmissionRequests(DefaultLimit defaultLimit, Clock clock) {
        this.defaultLimit = defaultLimit;
        this.clock = clock;
    }

    /** The event that charges this request, minted once; null if it claims no quota. */
    @Nullable UsageEvent charge(Subject subject) {
        Claim.Quota claim = subject.claims().quota();
        if (claim == null) {
            return null;
        }
        String known = subject.claims().eventId();
        String id = known == null ? SortableIds.next().toString() : known;
        return event(subject, Kind.CHARGE, id, claim.amount(), claim.bytes(), null, null);
    }

    /** How an admitted request ended. */
    UsageEvent outcome(Subject subject, @Nullable UsageEvent charge, long bytes, @Nullable String failure) {
        String id = charge == null ? SortableIds.next().toString() : charge.id();
        return event(subject, Kind.OUTCOME, id, 0, bytes, failure == null, failure);
    }

    AdmitRequest of(Subject subject, @Nullable UsageEvent charge) {
        Admission claims = subject.claims();
        List<BucketCheck> buckets = new ArrayList<>(claims.buckets().size());
        for (Claim.Bucket bucket : claims.buckets()) {
            buckets.add(new BucketCheck(bucket.bucket(), bucket.access().key(), null));
        }
        claims.flightAsked();
        return new AdmitRequest(
                subject.userId(),
                claims.checks(),
                charge == null ? null : ledgerCharge(charge, claims.repeatableFor()),
                buckets,
                claims.isContentWithAnyBucket(),
                claims.flight(),
                FactsMode.ASK,
                claims.shadows());
    }

    private Charge ledgerCharge(UsageEvent event, @Nullable Duration repeatableFor) {
        return new Charge(
                event.id(),
                EventJson.withoutPeriod(event),
                event.amount(),
                event.bytes(),
                defaultLimit.requests(),
                repeatableFor);
    }

    private UsageEvent event(
            Subject subject,
            Kind kind,
            String id,
            long amount,
            long bytes,
            @Nullable Boolean success,
            @Nullable String code) {
        Caller caller = subject.caller();
        String apiKeyId = caller == null ? null : caller.apiKeyId();
        return new UsageEvent(
                id,
                kind,
                subject.userId(),
                apiKeyId,
                subject.operation(),
                PROVIDER,
                amount,
                bytes,
                success,
                code,
                null,
                clock.instant());
    }
}
