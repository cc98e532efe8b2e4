package dev.sluice.management;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Duration;

/** What an operator is told while an endpoint cannot do its work. */
final class Unavailable {

    private static final Duration RETRY = Duration.ofSeconds(2);

    private Unavailable() {}

    /** 503 where Redis is away; any other error as it is. */
    static Throwable redis(Throwable error) {
        return error instanceof RedisUnavailableException
                ? Problem.of(ProblemCode.ACCESS_CHECK_UNAVAILABLE)
                        .detail("Redis cannot be reached")
                        .retryAfter(RETRY)
                        .exception()
                : error;
    }
}
