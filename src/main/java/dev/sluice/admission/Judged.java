package dev.sluice.admission;

import dev.sluice.problem.Problem;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One claim of a request as it would be decided now.
 *
 * @param claim what is claimed, such as {@code rate-limit}
 * @param from where the figures come from: {@code memory}, {@code redis}, {@code database}, {@code policy} where nobody can
 *     tell, {@code configuration}
 * @param figures what is claimed of what, such as {@code limit}, {@code used} and {@code remaining}
 * @param refusal what would be answered if it were for this claim alone; null if it holds
 * @param rank of several refusals that of the lowest rank is told; the first of equal ones
 */
public record Judged(
        String claim,
        String from,
        Map<String, @Nullable Object> figures,
        @Nullable Problem refusal,
        int rank) {}
