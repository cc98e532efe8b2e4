package dev.sluice.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/** The programs of a run, warmed up and then measured in turn, round by round, so that what disturbs one disturbs all. */
final class Rounds {

    private static final int WARM_WINDOWS = 30;

    /** Of a measurement: so many requests come first, since a method that is not compiled yet can be steadily slow. */
    private static final int WARM_REQUESTS_PER_SECOND = 5_000;

    private static final double STEADY = 0.05;

    private final Plan plan;
    private final Stage stage;
    private final Map<Row, Program> programs;
    private final Map<Row, List<Sample>> samples = new EnumMap<>(Row.class);

    Rounds(Plan plan, Stage stage, Map<Row, Program> programs) {
        this.plan = plan;
        this.stage = stage;
        this.programs = programs;
    }

    void run() {
        programs.forEach(this::warm);
        List<Row> order = new ArrayList<>(programs.keySet());
        for (int round = 1; round <= plan.rounds(); round++) {
            System.out.println("Round " + round);
            for (Row row : order) {
                samples(row).add(measure(row, Objects.requireNonNull(programs.get(row))));
            }
            Collections.rotate(order, 1);
        }
    }

    private void warm(Row row, Program program) {
        warm(plan, stage, program, row.title(), row.load());
    }

    /**
     * Loads a program with many requests on all cores, where the compiler is not in its way, then on the tested one until two
     * windows in a row have nearly the same rate; says so if they never do. Gently at first: code that is not compiled yet is
     * too slow for the deadlines of a service.
     */
    static void warm(Plan plan, Stage stage, Program program, String title, Load load) {
        int seconds = Math.max(2, plan.seconds() / 2);
        long enough = (long) WARM_REQUESTS_PER_SECOND * plan.seconds();
        long requests = 0;
        stage.cores().moveToAll(program.pid());
        int window = 1;
        for (; window <= WARM_WINDOWS && requests < enough; window++) {
            int connections = requests < enough / 4 ? Math.max(1, plan.connections() / 8) : plan.connections();
            requests += Wrk.run(stage.cores()::others, program.url(), load, connections, seconds)
                    .requests();
        }
        stage.cores().moveToTested(program.pid());
        double last = 0;
        for (; window <= WARM_WINDOWS; window++) {
            double rate = Wrk.run(stage.cores()::others, program.url(), load, plan.connections(), seconds)
                    .rate();
            if (Math.abs(rate - last) <= STEADY * last) {
                System.out.printf("%s: steady at %.0f/s after %d s%n", title, rate, window * seconds);
                return;
            }
            last = rate;
        }
        System.out.printf("%s: NOT STEADY after %d s, last %.0f/s%n", title, WARM_WINDOWS * seconds, last);
    }

    private Sample measure(Row row, Program program) {
        long elsewhere = program.decidedElsewhere();
        Cores.Busy busy = stage.cores().othersSoFar();
        double cpu = program.cpuMicros();
        Wrk wrk = Wrk.run(stage.cores()::others, program.url(), row.load(), plan.connections(), plan.seconds());
        if (wrk.requests() == 0) {
            throw new IllegalStateException(row.title() + " answered nothing");
        }
        double othersBusy = stage.cores().othersSoFar().since(busy);
        long drainMillis = row.isSluice() ? stage.drain().toMillis() : 0;
        double spent = program.cpuMicros() - cpu;
        return new Sample(
                wrk,
                spent / wrk.requests(),
                drainMillis,
                othersBusy,
                program.decidedElsewhere() - elsewhere,
                program.residentKib());
    }

    /** Empty if the row is not measured. */
    private List<Sample> samples(Row row) {
        return samples.computeIfAbsent(row, unmeasured -> new ArrayList<>());
    }

    Spread spread(Row row, ToDoubleFunction<Sample> figure) {
        return Spread.of(samples(row).stream().map(figure::applyAsDouble).toList());
    }

    double cpu(Row row) {
        return spread(row, Sample::cpuMicros).median();
    }

    /** Of all rounds. */
    long decidedElsewhere(Row row) {
        return samples(row).stream().mapToLong(Sample::decidedElsewhere).sum();
    }

    double fastest(Row row) {
        return samples(row).stream()
                .mapToDouble(sample -> sample.wrk().rate())
                .max()
                .orElse(0);
    }

    /** The CPU of one per request in that of another; the spread is that of the rounds. */
    Verdict ratio(int target, Row row, Row peer, double limit) {
        List<Double> rounds = new ArrayList<>();
        for (int i = 0; i < samples(row).size(); i++) {
            rounds.add(samples(row).get(i).cpuMicros() / samples(peer).get(i).cpuMicros());
        }
        return Verdict.of(
                target,
                row.title() + " / " + peer.title(),
                cpu(row) / cpu(peer),
                limit,
                "CPU per request; rounds " + Spread.of(rounds).text(2));
    }
}
