package dev.sluice.admission;

import dev.sluice.problem.Problem;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a filter in shadow mode would decide now.
 *
 * @param claim what it would claim, such as {@code rate-limit}
 * @param verdict {@code would_refuse}, {@code would_pass}, or {@code shadow_failed} where it cannot be judged
 * @param from as of {@link Judged}; what failed where it cannot be judged
 * @param figures as of {@link Judged}
 * @param refusal what would have been answered; null unless it would refuse
 */
public record Tried(
        String claim,
        String verdict,
        String from,
        Map<String, @Nullable Object> figures,
        @Nullable Problem refusal) {

    /** @param refusal null if it would pass */
    public static Tried judged(
            String claim, String from, Map<String, @Nullable Object> figures, @Nullable Problem refusal) {
        return new Tried(claim, refusal == null ? "would_pass" : "would_refuse", from, figures, refusal);
    }

    static Tried failed(String claim, Source failed, Map<String, @Nullable Object> figures) {
        return new Tried(claim, "shadow_failed", failed.tag(), figures, null);
    }
}
