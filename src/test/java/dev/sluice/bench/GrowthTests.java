package dev.sluice.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.bench.GrowthPlan.Part;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked of {@code bench/growth}, and what is made of its figures. */
class GrowthTests {

    @Test
    void onlyThePartsThatAreAskedForAreMeasuredInTheirOrder() {
        GrowthPlan plan = GrowthPlan.of("--only", "masters,routes", "--seconds", "2", "--ledgers", "1000000");

        assertThat(plan.parts()).containsExactly(Part.ROUTES, Part.MASTERS);
        assertThat(plan.measured().seconds()).isEqualTo(2);
        assertThat(plan.ledgers()).isEqualTo(1_000_000);
        assertThat(GrowthPlan.of().parts()).containsExactly(Part.values());
    }

    @Test
    void usersBecomeMoreAndNeverFewer() {
        assertThat(GrowthPlan.of("--users", "1000000,1,50").users()).containsExactly(1, 50, 1_000_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--only", "--only all", "--users 0", "--users", "--seconds x", "--rounds 0"})
    void whatIsNotUnderstoodIsAnsweredWithTheUsage(String arguments) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrowthPlan.of(arguments.split(" ")))
                .withMessageContaining("usage: bench/growth");
    }

    @Test
    void aUserOfTheStandInHasAnIdAsLongAsOneOfSupabase() {
        String user = StandInState.user(Keys.MANY.hash(7));

        assertThat(user).hasSize(36).isNotEqualTo(StandInState.user(Keys.MANY.hash(8)));
    }

    @Test
    void theBusiestOfSeveralServersIsTold() {
        Cost cost = new Cost(10, 1, 1, List.of(2.0, 5.0, 3.0), 0.5, 4);

        assertThat(cost.redisMicrosOfAll()).isEqualTo(10);
        assertThat(cost.redisMicrosOfBusiest()).isEqualTo(5);
        assertThat(Cost.warning(List.of(cost, cost))).contains("8 requests");
        assertThat(Cost.warning(List.of())).isEmpty();
    }

    @Test
    void aBoundHoldsUpToItsFigure() {
        assertThat(new Bound("bytes", 1124, 1124, "").toString()).contains("PASS");
        assertThat(new Bound("bytes", 1124.5, 1124, "").toString()).contains("MISSED");
    }
}
