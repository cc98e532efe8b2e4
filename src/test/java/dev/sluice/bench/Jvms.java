package dev.sluice.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** Measures signed URLs under the collectors and layouts among which {@code docker/jvm.options} chooses: {@code bench/jvms}. */
public final class Jvms {

    private static final String COMPACT = "-XX:+UseCompactObjectHeaders";

    private Jvms() {}

    public static void main(String[] arguments) {
        Path home = StartRun.jdk25();
        if (home == null) {
            System.err.println("bench/jvms needs a JDK 25: in JAVA_25_HOME, or beside the default one");
            System.exit(1);
            return;
        }
        Plan plan = Plan.of(arguments);
        try (Stage stage = Stage.start()) {
            measure(plan, stage, home.resolve("bin"));
        }
        System.exit(0);
    }

    private static void measure(Plan plan, Stage stage, Path bin) {
        List<Choice> choices = List.of(
                Choice.start(stage, bin, "G1", "-XX:+UseG1GC"),
                Choice.start(stage, bin, "G1, compact headers", "-XX:+UseG1GC", COMPACT),
                Choice.start(stage, bin, "Parallel, compact headers", "-XX:+UseParallelGC", COMPACT),
                Choice.start(stage, bin, "Serial, compact headers", "-XX:+UseSerialGC", COMPACT),
                Choice.start(stage, bin, "ZGC, compact headers", "-XX:+UseZGC", COMPACT));
        choices.forEach(choice -> Rounds.warm(plan, stage, choice.program, choice.title, Load.SIGN));
        List<Choice> order = new ArrayList<>(choices);
        for (int round = 1; round <= plan.rounds(); round++) {
            order.forEach(choice -> choice.measure(plan, stage));
            Collections.rotate(order, 1);
        }
        System.out.printf("%n%-28s %-22s %-22s %8s%n", "", "CPU us/request", "p99 ms", "RSS MiB");
        choices.forEach(System.out::println);
    }

    /** One JVM, and a figure of each round. */
    private record Choice(String title, Program program, List<Double> cpuMicros, List<Double> p99Millis) {

        static Choice start(Stage stage, Path bin, String title, String... options) {
            Program program = stage.sluiceAlone(new Jvm(bin, List.of(options)), "jvm-" + title.replaceAll("\\W+", "-"));
            return new Choice(title, program, new ArrayList<>(), new ArrayList<>());
        }

        void measure(Plan plan, Stage stage) {
            double before = program.cpuMicros();
            Wrk wrk = Wrk.run(stage.cores()::others, program.url(), Load.SIGN, plan.connections(), plan.seconds());
            cpuMicros.add((program.cpuMicros() - before) / wrk.requests());
            p99Millis.add(wrk.p99() / 1e3);
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%-28s %-22s %-22s %8.0f",
                    title,
                    Spread.of(cpuMicros).text(0),
                    Spread.of(p99Millis).text(1),
                    program.residentKib() / 1024.0);
        }
    }
}
