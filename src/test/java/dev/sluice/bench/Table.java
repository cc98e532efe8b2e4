package dev.sluice.bench;

import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The measured programs, a line each, as a person reads them. */
record Table(Plan plan, Rounds rounds, Map<Row, Program> programs) {

    @Override
    public String toString() {
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "%n%d rounds of %d s, %d connections, %d users; median (least-most) of the rounds%n%n",
                plan.rounds(),
                plan.seconds(),
                plan.connections(),
                Keys.USERS));
        table.append(String.format(
                "%-36s %-22s %-20s %-6s %-17s %-17s %-19s %-19s %8s %7s %6s %6s%n",
                "",
                "requests/s",
                "CPU us/request",
                "JIT",
                "p50 ms",
                "p90 ms",
                "p99 ms",
                "p99.9 ms",
                "RSS MiB",
                "heap",
                "others",
                "drain"));
        programs.forEach((row, program) -> line(table, row, program));
        programs.keySet().stream()
                .filter(row -> rounds.decidedElsewhere(row) > 0)
                .forEach(row -> table.append(String.format(
                        "%n%s: NOT DECIDED BY REDIS, which was too slow: %d requests",
                        row.title(), rounds.decidedElsewhere(row))));
        return table.append(
                        "\nJIT: us of these that the compiler used. heap: MiB that a full collection leaves. others: how busy the other cores were, with wrk, Redis and the"
                                + " stand-in; near 100 %\nthe rate is theirs. drain: ms until the usage events of the last request were"
                                + " applied; their CPU is counted.\n")
                .toString();
    }

    private void line(StringBuilder table, Row row, Program program) {
        table.append(String.format(
                Locale.ROOT,
                "%-36s %-22s %-20s %-6.0f %-17s %-17s %-19s %-19s %8.0f %7.0f %5.0f%% %6.0f%n",
                row.title(),
                rounds.spread(row, sample -> sample.wrk().rate()).text(0),
                rounds.spread(row, Sample::cpuMicros).text(0),
                rounds.spread(row, Sample::compilerMicros).median(),
                millis(row, Wrk::p50),
                millis(row, Wrk::p90),
                millis(row, Wrk::p99),
                millis(row, Wrk::p999),
                rounds.spread(row, Sample::residentKib).median() / 1024,
                program.liveHeapKib() / 1024.0,
                100 * rounds.spread(row, Sample::othersBusy).median(),
                rounds.spread(row, Sample::drainMillis).median()));
    }

    private String millis(Row row, ToLongFunction<Wrk> micros) {
        return rounds.spread(row, sample -> micros.applyAsLong(sample.wrk()) / 1e3)
                .text(1);
    }
}
