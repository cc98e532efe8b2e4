package dev.sluice.management;

import java.time.Duration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code usercache/{userId}}: DELETE forgets whose the user's keys are, every verdict on the user's buckets and what the user
 * was refused, on all instances.
 */
final class UserCacheEndpoint {

    private final UserCache cache;
    private final Duration longest;

    /** @param longest for which another instance may remember something by itself */
    UserCacheEndpoint(UserCache cache, Duration longest) {
        this.cache = cache;
        this.longest = longest;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .DELETE(basePath + "/usercache/{userId}", this::forget)
                .build();
    }

    private Mono<ServerResponse> forget(ServerRequest request) {
        return Mono.defer(() -> cache.forget(UserIds.of(request)))
                .onErrorMap(error -> Unavailable.others(error, "only this instance has forgotten the user", longest))
                .flatMap(forgotten -> ServerResponse.ok().bodyValue(forgotten));
    }
}
