package dev.sluice.management;

import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.ApiKeys;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.memory.RefusalMemory;
import dev.sluice.memory.ShadowGuard;
import reactor.core.publisher.Mono;

/** What this instance remembers of a user and can be told to forget. */
final class InstanceMemory {

    /** What is to be forgotten. */
    enum Part {
        /** Whose the user's keys are, the verdicts on buckets, and what was refused. */
        CACHE,
        /** What was counted in the rate windows, and what was refused for them. */
        RATES
    }

    private final ApiKeys keys;
    private final LastVerdicts lastVerdicts;
    private final RefusalMemory refusals;
    private final MemoryGuard guard;
    private final ShadowGuard shadows;

    InstanceMemory(
            ApiKeys keys, LastVerdicts lastVerdicts, RefusalMemory refusals, MemoryGuard guard, ShadowGuard shadows) {
        this.keys = keys;
        this.lastVerdicts = lastVerdicts;
        this.refusals = refusals;
        this.guard = guard;
        this.shadows = shadows;
    }

    /** Fails with a {@code RedisUnavailableException} if only Redis' copy of an identity could not be removed. */
    Mono<Void> forget(Part part, String userId) {
        return Mono.defer(() -> {
            refusals.forget(userId);
            if (part == Part.RATES) {
                guard.forget(userId);
                shadows.forget(userId);
                return Mono.empty();
            }
            lastVerdicts.forget(userId);
            return keys.forgetUser(userId);
        });
    }

    /** Forgets everybody's identity and verdicts. Rate windows end by themselves. */
    void forgetAll() {
        lastVerdicts.forgetAll();
        keys.forgetAll();
    }
}
