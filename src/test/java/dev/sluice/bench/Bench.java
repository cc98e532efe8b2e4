package dev.sluice.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** Measures Sluice beside its peers and prints how each target was met: {@code bench/run}. */
public final class Bench {

    private final Plan plan;
    private final Stage stage;
    private final Map<Row, Program> programs = new EnumMap<>(Row.class);
    private final List<Verdict> verdicts = new ArrayList<>();
    private boolean failed;

    private Bench(Plan plan, Stage stage) {
        this.plan = plan;
        this.stage = stage;
    }

    public static void main(String[] arguments) {
        Plan plan;
        try {
            plan = Plan.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(List.of(arguments).contains("--help") ? 0 : 2);
            return;
        }
        try (Stage stage = Stage.start()) {
            Bench bench = new Bench(plan, stage);
            bench.run();
            System.exit(bench.failed ? 1 : 0);
        }
    }

    private void run() {
        startPrograms();
        Rounds rounds = new Rounds(plan, stage, programs);
        if (!programs.isEmpty()) {
            rounds.run();
            System.out.println(new Table(plan, rounds, programs));
        }
        compare(rounds);
        Program sluice = programs.get(Row.SIGNED_URL);
        Program limiter = programs.get(Row.LIMITER);
        judge(4, () -> List.of(Allocation.measure(plan, stage, Objects.requireNonNull(sluice))));
        judge(5, () -> UsageRun.measure(plan, stage, Objects.requireNonNull(sluice)));
        judge(
                8,
                () -> List.of(RedisRun.measure(
                        plan, stage, Objects.requireNonNull(sluice), Objects.requireNonNull(limiter))));
        if (!programs.isEmpty()) {
            System.out.print(StandInCheck.measure(plan, stage, rounds));
        }
        if (plan.profile()) {
            programs.forEach((row, program) -> {
                if (row.isSluice()) {
                    System.out.println(Profile.of(plan, stage, program, row.load()));
                }
            });
        }
        programs.values().stream().distinct().forEach(stage::end);
        judge(6, () -> DelaysRun.measure(plan, stage));
        judge(7, () -> UploadsRun.measure(plan, stage));
        judge(9, () -> List.of(StartRun.measure(plan)));
        System.out.println();
        verdicts.stream().sorted(Comparator.comparingInt(Verdict::target)).forEach(System.out::println);
    }

    private void startPrograms() {
        Program sluice = null;
        for (Row row : Row.values()) {
            if (row.isNeeded(plan)) {
                System.out.println("Starting " + row.title());
                if (row.isSluice() && sluice == null) {
                    sluice = stage.sluice("sluice", Stage.HEAP_MEGABYTES, "local");
                }
                programs.put(row, row.isSluice() ? Objects.requireNonNull(sluice) : start(row));
            }
        }
    }

    private Program start(Row row) {
        return switch (row) {
            case NETTY -> stage.netty();
            case WEBFLUX -> stage.webFlux();
            case GATEWAY -> stage.gateway("gateway", Stage.HEAP_MEGABYTES);
            case LIMITER -> stage.limiter();
            default -> throw new IllegalArgumentException(row + " is no peer");
        };
    }

    private void compare(Rounds rounds) {
        judge(
                1,
                () -> List.of(
                        rounds.ratio(1, Row.SIGNED_URL, Row.WEBFLUX, 1.5),
                        rounds.ratio(1, Row.SIGNED_URL, Row.NETTY, 3)));
        judge(
                2,
                () -> List.of(
                        rounds.ratio(2, Row.PROXIED, Row.GATEWAY, 1.2),
                        rounds.ratio(2, Row.PROXIED, Row.LIMITER, 0.8)));
        judge(3, () -> List.of(rounds.ratio(3, Row.REFUSAL, Row.WEBFLUX, 1)));
    }

    /** A target that cannot be measured does not keep the others from it. */
    private void judge(int target, Supplier<List<Verdict>> measurement) {
        if (!plan.has(target)) {
            verdicts.add(Verdict.notRun(target, "", "not asked for"));
            return;
        }
        System.out.println("Measuring target " + target);
        try {
            verdicts.addAll(measurement.get());
        } catch (RuntimeException e) {
            failed = true;
            e.printStackTrace();
            verdicts.add(
                    Verdict.notRun(target, "", e.toString().lines().findFirst().orElse("")));
        }
    }
}
