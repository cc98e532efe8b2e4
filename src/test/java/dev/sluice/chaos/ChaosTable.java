package dev.sluice.chaos;

import java.time.Duration;
import java.util.Map;

/** The report as a person reads it. */
final class ChaosTable {

    private ChaosTable() {}

    static String of(Chaos.Report report) {
        ChaosAudit.Findings found = report.findings();
        StringBuilder table = new StringBuilder("\n");
        table.append("seed ").append(report.plan().seed()).append(", ");
        table.append(report.plan().load().toSeconds()).append(" s of load, ");
        table.append(report.plan().instances()).append(" instances\n\nrequests\n");
        report.outcomes().forEach((outcome, count) -> row(table, outcome, count));
        row(
                table,
                "median / p99 / longest answer",
                millis(report.median()) + " / " + millis(report.p99()) + " / " + millis(report.longestAnswer()));
        table.append("\nfaults\n");
        for (Map.Entry<String, Integer> fault : report.faults().entrySet()) {
            row(table, fault.getKey(), fault.getValue());
        }
        table.append("\nafterwards\n");
        row(table, "drained after", millis(report.drain()));
        row(table, "answered with success", found.answered());
        row(table, "unanswered or in doubt", found.inDoubt());
        row(table, "charged in the database", found.charged());
        row(table, "lost", found.lost());
        row(table, "doubled", found.doubled());
        row(table, "overrun of what Redis admitted", found.overrunByRedis());
        row(table, "overrun through outages", found.overrunInOutages());
        row(table, "its bound: admitted in outages, or in doubt", found.admittedInOutages() + found.inDoubt());
        found.violations()
                .forEach(violation ->
                        table.append("  VIOLATED ").append(violation).append('\n'));
        table.append(report.isClean() ? "\nPASS\n" : "\nFAIL\n");
        return table.toString();
    }

    private static void row(StringBuilder table, String name, Object value) {
        table.append(String.format("  %-44s %s%n", name, value));
    }

    private static String millis(Duration duration) {
        return duration.toMillis() + " ms";
    }
}
