package dev.sluice.bench;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How one target was met.
 *
 * @param target its number
 * @param what was compared
 * @param value what was measured; null if it was not
 * @param limit which the value must not exceed
 * @param note in what the value is measured, or why it was not
 */
record Verdict(int target, String what, @Nullable Double value, double limit, String note) {

    static Verdict of(int target, String what, double value, double limit, String note) {
        return new Verdict(target, what, value, limit, note);
    }

    static Verdict notRun(int target, String what, String reason) {
        return new Verdict(target, what, null, 0, reason);
    }

    boolean isPass() {
        return value != null && value <= limit;
    }

    @Override
    public String toString() {
        if (value == null) {
            return String.format(Locale.ROOT, "%d  %-58s not run: %s", target, what, note);
        }
        return String.format(
                Locale.ROOT,
                "%d  %-58s %9.2f  at most %7.2f  %-6s %s",
                target,
                what,
                value,
                limit,
                isPass() ? "PASS" : "MISSED",
                note);
    }
}
