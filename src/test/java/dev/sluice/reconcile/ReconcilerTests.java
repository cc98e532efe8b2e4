package dev.sluice.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.LedgerState;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.reconcile.Reconciler.Finding;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReconcilerTests {

    private final Reconciler reconciler = new Reconciler(10);

    @ParameterizedTest
    @CsvSource({
        // base, pending, database, drift in percent
        "100, 0, 100, 0", // the same
        "100, 5, 100, 0", // nothing of what is pending is applied yet
        "100, 5, 105, 0", // all of it is
        "100, 5, 103, 0", // some of it is
        "90, 0, 100, 10",
        "100, 5, 120, 12.5", // 15 of 120 cannot be pending
        "111, 5, 100, 11",
        "3, 0, 0, 300", // no division by zero
        "0, 0, 0, 0",
    })
    void measuresDriftAgainstTheDatabase(long base, long pending, long database, double percent) {
        Finding finding = compare(state(1, base, pending, false), row(2, database));

        assertThat(finding.driftPercent()).isEqualTo(percent);
        assertThat(finding.drifted()).isEqualTo(percent > 10);
    }

    @Test
    void measuresBytesToo() {
        LedgerState seen = new LedgerState("i", 1, 5, 0, null, 1000, 0, null, null, false);
        QuotaRow row = new QuotaRow("alice", 5, null, 2000, null, null, 2);

        assertThat(compare(seen, row).driftPercent()).isEqualTo(50);
    }

    @Test
    void differsByVersionOrByWhatTheRowSays() {
        assertThat(compare(state(4, 7, 0, false), row(4, 7)).differs()).isFalse();
        assertThat(compare(state(4, 7, 0, false), row(5, 7)).differs()).isTrue();
        assertThat(compare(state(4, 7, 0, false), row(3, 7)).differs()).isTrue();
        assertThat(compare(state(4, 7, 0, false), row(4, 8)).differs()).isTrue();
    }

    /** Of a row that was made anew the version may be the same as before. */
    @Test
    void differsByWhatTheRowAllowsToo() {
        Instant end = Instant.parse("2026-12-01T00:00:00.123456Z");
        LedgerState seen = new LedgerState("i", 1, 5, 0, 10L, 0, 0, 20L, end.toEpochMilli(), false);

        assertThat(compare(seen, new QuotaRow("alice", 5, 10L, 0, 20L, end, 1)).differs())
                .as("the ledger knows milliseconds")
                .isFalse();
        assertThat(compare(seen, new QuotaRow("alice", 5, 9L, 0, 20L, end, 1)).differs())
                .isTrue();
        assertThat(compare(seen, new QuotaRow("alice", 5, null, 0, 20L, end, 1)).differs())
                .isTrue();
        assertThat(compare(seen, new QuotaRow("alice", 5, 10L, 0, 19L, end, 1)).differs())
                .isTrue();
        assertThat(compare(seen, new QuotaRow("alice", 5, 10L, 0, 20L, end.plusMillis(1), 1))
                        .differs())
                .isTrue();
        assertThat(compare(seen, new QuotaRow("alice", 5, 10L, 0, 20L, null, 1)).differs())
                .isTrue();
    }

    @Test
    void takesARowThatIsGoneForNothingUsed() {
        Finding gone = compare(state(4, 7, 0, false), null);
        Finding never = compare(state(0, 0, 2, false), null);

        assertThat(gone.missing()).isTrue();
        assertThat(gone.differs()).isTrue();
        assertThat(gone.row()).isEqualTo(QuotaRow.NONE);
        assertThat(never.missing()).isFalse();
        assertThat(never.differs()).isFalse();
    }

    @Test
    void leavesStubsOut() {
        assertThat(reconciler.compare(Map.of("alice", state(-1, 0, 0, true)), Map.of()))
                .isEmpty();
    }

    @Test
    void readsThePercentageWithAndWithoutItsSign() {
        assertThat(new ReconcileProperties(Duration.ofMinutes(5), "10%").driftWarningPercent())
                .isEqualTo(10);
        assertThat(new ReconcileProperties(Duration.ofMinutes(5), "2.5").driftWarningPercent())
                .isEqualTo(2.5);
    }

    @Test
    void derivesAWindowsLifetimeFromItsKey() {
        assertThat(Janitor.lifetime("{p07}:rl:alice:signed-url:60")).hasSeconds(66);
        assertThat(Janitor.lifetime("{p07}:rl:alice:signed-url:")).hasHours(26);
        assertThat(Janitor.lifetime("{p07}:rl:alice:signed-url:99999999999999999999"))
                .hasHours(26);
    }

    private Finding compare(LedgerState seen, @Nullable QuotaRow row) {
        List<Finding> findings =
                reconciler.compare(Map.of("alice", seen), row == null ? Map.of() : Map.of("alice", row));
        assertThat(findings).hasSize(1);
        return findings.get(0);
    }

    private static LedgerState state(long version, long base, long pending, boolean stub) {
        return new LedgerState("i", version, base, pending, null, 0, 0, null, null, stub);
    }

    private static QuotaRow row(long version, long current) {
        return new QuotaRow("alice", current, null, 0, null, null, version);
    }
}
