package dev.sluice.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Target 6: how long answers take beside a Supabase that is as slow as a real one, at half of the rate that is possible. Bare
 * WebFlux, which asks Redis and no Supabase, is sent the same in turn: what it takes is what machine and load add by themselves.
 */
final class DelaysRun {

    private static final int STORAGE_MILLIS = 20;
    private static final int DATABASE_MILLIS = 15;
    private static final double TOTAL_LIMIT_MILLIS = 200;
    private static final double ADDED_LIMIT_MILLIS = 10;

    private DelaysRun() {}

    static List<Verdict> measure(Plan plan, Stage stage) {
        Program sluice = stage.sluice("sluice-server", Stage.HEAP_MEGABYTES, "server");
        Program peer = stage.webFlux();
        stage.delays(STORAGE_MILLIS, DATABASE_MILLIS, DATABASE_MILLIS);
        try {
            return measure(plan, stage, sluice, peer);
        } finally {
            stage.delays(0, 0, 0);
            stage.end(peer);
            stage.end(sluice);
        }
    }

    private static List<Verdict> measure(Plan plan, Stage stage, Program sluice, Program peer) {
        Rounds.warm(plan, stage, sluice, "Sluice, signer server", Load.SIGN);
        Rounds.warm(plan, stage, peer, "(b) bare WebFlux", Load.SIGN);
        double saturation = Wrk.run(stage.cores()::others, sluice.url(), Load.SIGN, plan.connections(), plan.seconds())
                .rate();
        int rate = Math.max(1, (int) (saturation / 2));
        List<OpenLoopFigures> rounds = new ArrayList<>();
        List<OpenLoopFigures> peers = new ArrayList<>();
        for (int round = 0; round < plan.rounds(); round++) {
            rounds.add(ask(plan, stage, sluice, rate));
            stage.drain();
            peers.add(ask(plan, stage, peer, rate));
        }
        String load = String.format(
                Locale.ROOT,
                "at %d/s, half of %.0f/s; p50 %s, p99 %s",
                rate,
                saturation,
                spread(rounds, OpenLoopFigures::p50).text(1),
                spread(rounds, OpenLoopFigures::p99).text(1));
        Spread total = spread(rounds, OpenLoopFigures::p999);
        Spread added = spread(rounds, OpenLoopFigures::addedP99);
        return List.of(
                Verdict.of(6, "p99.9 of an answer, ms", total.median(), TOTAL_LIMIT_MILLIS, load),
                Verdict.of(
                        6,
                        "p99 of what Sluice adds, ms",
                        added.median(),
                        ADDED_LIMIT_MILLIS,
                        "rounds " + added.text(1) + "; p50 "
                                + spread(rounds, OpenLoopFigures::addedP50).text(1) + "; (b) at that rate: p99 "
                                + spread(peers, OpenLoopFigures::p99).text(1) + ", p50 "
                                + spread(peers, OpenLoopFigures::p50).text(1)));
    }

    private static OpenLoopFigures ask(Plan plan, Stage stage, Program target, int rate) {
        OpenLoopFigures figures =
                OpenLoopFigures.read(stage.openLoop(target, rate, plan.seconds(), plan.connections()));
        if (figures.failed() > 0) {
            throw new IllegalStateException(
                    figures.failed() + " requests to " + target.name() + " were not answered 200");
        }
        return figures;
    }

    private static Spread spread(List<OpenLoopFigures> rounds, ToDoubleFunction<OpenLoopFigures> figure) {
        return Spread.of(rounds.stream().map(figure::applyAsDouble).toList());
    }
}
