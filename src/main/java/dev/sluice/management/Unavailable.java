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
                ? problem("Redis cannot be reached").exception()
                : error;
    }

    /**
     * 503 where Redis is away and so not all instances could be told; any other error as it is.
     *
     * @param done what was done all the same
     * @param longest after which the others have forgotten by themselves
     */
    static Throwable others(Throwable error, String done, Duration longest) {
        return error instanceof RedisUnavailableException
                ? problem("Redis cannot be reached: " + done)
                        .with("thisInstance", true)
                        .with("othersWithin", longest.toSeconds())
                        .with("hint", "Repeat it when Redis is back, or wait for othersWithin seconds")
                        .exception()
                : error;
    }

    private static Problem problem(String detail) {
        return Problem.of(ProblemCode.ACCESS_CHECK_UNAVAILABLE).detail(detail).retryAfter(RETRY);
    }
}
