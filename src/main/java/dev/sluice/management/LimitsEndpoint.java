package dev.sluice.management;

import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code limits/{userId}}: GET tells a user's rate windows and quota and where each figure comes from, with {@code ?plan=} as
 * that plan has them; DELETE empties the rate windows, on all instances, and leaves the quota as it is.
 */
final class LimitsEndpoint {

    private static final int MOST_OF_A_PLAN = 64;

    private final UserLimits limits;
    private final RateReset reset;

    LimitsEndpoint(UserLimits limits, RateReset reset) {
        this.limits = limits;
        this.reset = reset;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .GET(basePath + "/limits/{userId}", this::read)
                .DELETE(basePath + "/limits/{userId}", this::reset)
                .build();
    }

    private Mono<ServerResponse> read(ServerRequest request) {
        String userId = UserIds.of(request);
        return limits.of(
                        userId,
                        plan(request.queryParam("plan").orElse(null)),
                        RequestContext.of(request.exchange()).timings())
                .flatMap(told -> ServerResponse.ok().bodyValue(told));
    }

    private Mono<ServerResponse> reset(ServerRequest request) {
        String userId = UserIds.of(request);
        return reset.reset(userId)
                .onErrorMap(error -> Unavailable.others(
                        error,
                        "the rate windows there are as they were, this instance's are empty",
                        reset.longestWindow()))
                .flatMap(emptied -> ServerResponse.ok().bodyValue(answer(userId, emptied)));
    }

    private static Map<String, Object> answer(String userId, RateReset.Emptied emptied) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("userId", userId);
        answer.put("windows", emptied.windows());
        answer.put("instances", emptied.instances());
        return answer;
    }

    /** A plan without overrides is as good as none, so any name is taken. */
    static @Nullable String plan(@Nullable String named) {
        if (named != null && (named.isBlank() || named.length() > MOST_OF_A_PLAN)) {
            throw Problem.invalid(
                            "plan",
                            "A plan's name is 1 to " + MOST_OF_A_PLAN + " characters",
                            "Leave it out for a user without a plan")
                    .exception();
        }
        return named;
    }
}
