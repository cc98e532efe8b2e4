package dev.sluice.bench;

import java.util.Locale;

/** Whether a figure of growth is within what it may be at most. */
record Bound(String what, double value, double most, String note) {

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%-70s %9.2f  at most %7.2f  %-6s %s%n",
                what,
                value,
                most,
                value <= most ? "PASS" : "MISSED",
                note);
    }
}
