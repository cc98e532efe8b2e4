package dev.sluice.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is made of figures; the measurements themselves are a program of their own, {@code bench/run}. */
class FiguresTests {

    @Test
    void toldAreTheMedianTheLeastAndTheMost() {
        assertThat(Spread.of(List.of(3.0, 1.0, 2.0)).text(0)).isEqualTo("2 (1-3)");
        assertThat(Spread.of(List.of(4.0, 1.0)).median()).isEqualTo(2.5);
        assertThatIllegalArgumentException().isThrownBy(() -> Spread.of(List.of()));
    }

    @Test
    void aTargetIsMetUpToItsLimit() {
        assertThat(Verdict.of(1, "a / b", 1.5, 1.5, "").toString()).contains("PASS");
        assertThat(Verdict.of(1, "a / b", 1.51, 1.5, "").toString()).contains("MISSED", "1.51");
        assertThat(Verdict.notRun(9, "start", "no JDK 25").toString()).contains("not run: no JDK 25");
    }

    @Test
    void ofALateRequestSupabasesPartIsNotSluices() {
        OpenLoopFigures.Recorder recorder = new OpenLoopFigures.Recorder();
        recorder.add(25_000_000, 21.5);
        recorder.add(1, -1);

        OpenLoopFigures figures = OpenLoopFigures.read(recorder.figures().line());

        assertThat(figures).isEqualTo(new OpenLoopFigures(1, 1, 25, 25, 25, 3.5, 3.5));
    }

    @Test
    void onlyTheTargetsThatAreAskedForAreMeasured() {
        Plan plan = Plan.of("--seconds", "2", "--only", "1,8", "--profile");

        assertThat(plan.targets()).containsExactly(1, 8);
        assertThat(plan.profile()).isTrue();
        assertThat(Row.LIMITER.isNeeded(plan)).isTrue();
        assertThat(Row.GATEWAY.isNeeded(plan)).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Plan.of("--help"))
                .withMessageContaining("usage: bench/run");
        assertThatIllegalArgumentException().isThrownBy(() -> Plan.of("--only", "10"));
    }
}
