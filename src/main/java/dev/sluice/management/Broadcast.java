package dev.sluice.management;

import dev.sluice.management.InstanceMemory.Part;
import dev.sluice.management.Instances.Reached;
import dev.sluice.redis.WakeUps;
import reactor.core.publisher.Mono;

/** Tells every instance what to forget, and wakes them so that they do it at once. */
final class Broadcast {

    private final Instances instances;
    private final Following following;
    private final WakeUps wakeUps;

    Broadcast(Instances instances, Following following, WakeUps wakeUps) {
        this.instances = instances;
        this.following = following;
        this.wakeUps = wakeUps;
    }

    /** See {@link Instances#tell}. */
    Mono<Reached> tell(Part part, String userId) {
        Mono<Void> wake = Mono.<Void>fromRunnable(following::wake).then(wakeUps.wake());
        return instances.tell(part, userId, wake);
    }
}
