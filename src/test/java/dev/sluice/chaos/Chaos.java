package dev.sluice.chaos;

import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Latencies;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Rehearses outages and prints what came of it: {@code bench/chaos}. */
public final class Chaos {

    private Chaos() {}

    /**
     * What came of one rehearsal.
     *
     * @param outcomes requests by what became of them
     * @param faults faults by kind
     * @param longestAnswer of all answered requests, those to a frozen instance included
     * @param drain how long it took after the last fault until nothing waited any more
     */
    record Report(
            ChaosPlan plan,
            Map<String, Long> outcomes,
            Map<String, Integer> faults,
            Duration median,
            Duration p99,
            Duration longestAnswer,
            Duration drain,
            ChaosAudit.Findings findings) {

        boolean isClean() {
            return findings.violations().isEmpty();
        }

        long faultCount() {
            return faults.values().stream().mapToLong(Integer::longValue).sum();
        }
    }

    private static final Duration ENOUGH_LIMIT = Duration.ofMinutes(2);

    public static void main(String[] arguments) throws Exception {
        ChaosPlan plan;
        try {
            plan = ChaosPlan.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        System.out.println("Rehearsal: " + plan);
        Report report = rehearse(plan);
        System.out.println(ChaosTable.of(report));
        System.exit(report.isClean() ? 0 : 1);
    }

    static Report rehearse(ChaosPlan plan) throws Exception {
        try (ChaosStage stage = ChaosStage.build(plan)) {
            ChaosLoad load = new ChaosLoad(stage.edges(), stage.users());
            ChaosFaults faults = new ChaosFaults(stage, plan.seed());
            CompletableFuture<Void> faultsEnded = CompletableFuture.runAsync(
                            faults::start, CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS))
                    .thenRunAsync(
                            () -> endAll(faults, load, () -> stage.answered() >= plan.answers()),
                            CompletableFuture.delayedExecutor(plan.load().toSeconds(), TimeUnit.SECONDS));
            load.run(plan.clients(), plan.seed());
            faultsEnded.get();
            stage.edges().forEach(edge -> edge.awaitReady());
            ChaosAudit audit = new ChaosAudit(stage);
            Duration drain = audit.awaitDrained();
            return report(plan, load, faults, drain, audit.findings());
        }
    }

    /** The load goes on until the last fault has ended, so that every way back is under load, and until it was enough. */
    private static void endAll(ChaosFaults faults, ChaosLoad load, Callable<Boolean> enough) {
        try {
            faults.end();
            await().atMost(ENOUGH_LIMIT).until(enough);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            load.end();
        }
    }

    private static Report report(
            ChaosPlan plan, ChaosLoad load, ChaosFaults faults, Duration drain, ChaosAudit.Findings findings) {
        Latencies took = load.took();
        Map<String, Long> outcomes = new java.util.TreeMap<>();
        load.outcomes().forEach((name, count) -> outcomes.put(name, count.sum()));
        return new Report(
                plan,
                outcomes,
                faults.counts(),
                took.quantile(0.5),
                took.quantile(0.99),
                took.quantile(1),
                drain,
                findings);
    }
}
