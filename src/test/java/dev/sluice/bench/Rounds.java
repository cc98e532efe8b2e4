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

    private static final int WARM_WINDOWS = 40;

    /** What the compiler uses of a program's CPU on all cores as long as its load is little, before it has its own core, and there. */
    private static final double COMPILED_HARDLY = 0.4;

    private static final double COMPILED_MOSTLY = 0.1;

    private static final double COMPILED = 0.02;

    /** How much two rates in a row may differ. */
    private static final double STEADY = 0.1;

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
     * Loads a program on all cores, where the compiler is not in its way, then on the tested one, until the compiler has nearly
     * nothing left to do and two windows in a row have nearly the same rate; says so if that never comes. Gently at first: code
     * that is not compiled yet is too slow for the deadlines of a service.
     */
    static void warm(Plan plan, Stage stage, Program program, String title, Load load) {
        int seconds = Math.max(2, plan.seconds() / 2);
        stage.cores().moveToAll(program.pid());
        int window = 1;
        int gently = Math.max(1, plan.connections() / 8);
        Warmth warmth = Warmth.of(stage, program, load, gently, seconds);
        for (; window < WARM_WINDOWS && warmth.compiler() > COMPILED_MOSTLY; window++) {
            int connections = warmth.compiler() > COMPILED_HARDLY ? gently : plan.connections();
            warmth = Warmth.of(stage, program, load, connections, seconds);
        }
        stage.cores().moveToTested(program.pid());
        double last = 0;
        for (; window < WARM_WINDOWS; window++) {
            warmth = Warmth.of(stage, program, load, plan.connections(), seconds);
            if (warmth.compiler() <= COMPILED && Math.abs(warmth.rate() - last) <= STEADY * last) {
                System.out.printf("%s: steady at %.0f/s after %d s%n", title, last, window * seconds);
                return;
            }
            last = warmth.rate();
        }
        System.out.printf(
                "%s: NOT STEADY after %d s, last %.0f/s with %.0f %% of its CPU for the compiler%n",
                title, WARM_WINDOWS * seconds, warmth.rate(), 100 * warmth.compiler());
    }

    /**
     * One window of the warming up.
     *
     * @param rate requests per second
     * @param compiler its part of the program's CPU, 0 to 1
     */
    private record Warmth(double rate, double compiler) {

        static Warmth of(Stage stage, Program program, Load load, int connections, int seconds) {
            double cpu = program.cpuMicros();
            Compiling compiling = Compiling.soFar(program.pid());
            double rate = Wrk.run(stage.cores()::others, program.url(), load, connections, seconds)
                    .rate();
            double spent = Math.max(1, program.cpuMicros() - cpu);
            return new Warmth(rate, Compiling.soFar(program.pid()).since(compiling) / spent);
        }
    }

    private Sample measure(Row row, Program program) {
        long elsewhere = program.decidedElsewhere();
        Cores.Busy busy = stage.cores().othersSoFar();
        double cpu = program.cpuMicros();
        Compiling compiling = Compiling.soFar(program.pid());
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
                Compiling.soFar(program.pid()).since(compiling) / wrk.requests(),
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
