package dev.sluice.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A short rehearsal; the long ones are {@code bench/chaos}. */
class ChaosIT {

    @Test
    void losesNothingDoublesNothingAndOverrunsNothing() throws Exception {
        Chaos.Report report = Chaos.rehearse(new ChaosPlan(20261124, Duration.ofSeconds(15), 2, 12, 18, 101));

        assertThat(report.findings().violations()).as(ChaosTable.of(report)).isEmpty();
        assertThat(report.faultCount()).isGreaterThan(3);
        assertThat(report.findings().answered()).isGreaterThan(100);
    }
}
