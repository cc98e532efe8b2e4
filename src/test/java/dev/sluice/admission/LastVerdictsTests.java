package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LastVerdictsTests {

    private final LastVerdicts verdicts = new LastVerdicts();

    private void saw(String user, long generation) {
        verdicts.saw(user, "b", Access.READ, true, generation);
    }

    @Test
    void forgetsOneUserOrAll() {
        saw("one", 0);
        saw("two", 0);
        saw("three", 0);
        verdicts.forget("one");
        assertThat(verdicts.last("one", "b", Access.READ)).isNull();
        assertThat(verdicts.last("two", "b", Access.READ)).isTrue();
        assertThat(verdicts.last("two", "b", Access.WRITE)).isNull();

        verdicts.forgetAll();
        assertThat(verdicts.last("three", "b", Access.READ)).isNull();
    }

    @Test
    void remembersNothingThatWasAskedBeforeSomethingWasForgotten() {
        long before = verdicts.generation();
        verdicts.forget("one");
        saw("one", before);
        assertThat(verdicts.last("one", "b", Access.READ)).isNull();

        saw("one", verdicts.generation());
        assertThat(verdicts.last("one", "b", Access.READ)).isTrue();
    }
}
