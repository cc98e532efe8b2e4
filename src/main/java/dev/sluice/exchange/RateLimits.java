package dev.sluice.exchange;

import java.util.ArrayList;
import java.util.List;
import org.springframework.http.HttpHeaders;

/**
 * The rate limits that were evaluated for one request, as response headers (draft-ietf-httpapi-ratelimit-headers-10).
 * Only a limit that is enforced at the moment may be added.
 */
public final class RateLimits {

    /** Of one policy as it is told. */
    private static final int USUAL_LENGTH = 48;

    /**
     * One evaluated policy.
     *
     * @param name the policy's name, an sf-string without quotes or backslashes
     * @param limit requests per window
     * @param windowSeconds length of the window
     * @param remaining requests left now, at least 0
     * @param resetSeconds seconds until more is left, rounded up
     */
    public record Policy(String name, long limit, long windowSeconds, long remaining, long resetSeconds) {}

    private final List<Policy> policies = new ArrayList<>(3);

    /** Adds an evaluated policy in front of those already there: the wider one is told first. */
    public synchronized void add(Policy policy) {
        policies.removeIf(known -> known.name().equals(policy.name()));
        policies.add(0, policy);
    }

    /** Writes {@code RateLimit-Policy} (all) and {@code RateLimit} (the one with the least left); none if there is none. */
    synchronized void writeTo(HttpHeaders headers) {
        if (policies.isEmpty()) {
            return;
        }
        StringBuilder all = new StringBuilder(USUAL_LENGTH * policies.size());
        Policy least = policies.get(0);
        for (Policy policy : policies) {
            all.append(all.isEmpty() ? "" : ", ")
                    .append('"')
                    .append(policy.name())
                    .append("\";q=")
                    .append(policy.limit())
                    .append(";w=")
                    .append(policy.windowSeconds());
            if (policy.remaining() < least.remaining()) {
                least = policy;
            }
        }
        headers.set("RateLimit-Policy", all.toString());
        headers.set("RateLimit", "\"" + least.name() + "\";r=" + least.remaining() + ";t=" + least.resetSeconds());
    }
}
