package dev.sluice.management;

import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** {@code usercache/{userId}}: DELETE forgets whose the user's keys are and every verdict on the user's buckets. */
final class UserCacheEndpoint {

    /** @param verdicts that were removed from Redis */
    private record Forgotten(long verdicts) {}

    private final UserCache cache;

    UserCacheEndpoint(UserCache cache) {
        this.cache = cache;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .DELETE(basePath + "/usercache/{userId}", this::forget)
                .build();
    }

    private Mono<ServerResponse> forget(ServerRequest request) {
        return cache.forget(request.pathVariable("userId"))
                .onErrorMap(Unavailable::redis)
                .flatMap(verdicts -> ServerResponse.ok().bodyValue(new Forgotten(verdicts)));
    }
}
