package dev.sluice.bench;

import io.lettuce.core.api.sync.RedisCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Target 8: what one admission costs Redis, beside one decision of the stock limiter. Meanwhile the stand-in leaves
 * {@code apply_usage} unanswered, so that no other script of Sluice's runs but a heartbeat each second.
 */
final class RedisRun {

    /** Longer than Sluice waits for the database. */
    private static final int UNANSWERED_MILLIS = 60_000;

    private static final double LIMIT = 1.8;

    /** Redis' times are those of a clock: with few requests at once it is seldom interrupted by what loads it. */
    private static final int CONNECTIONS = 4;

    private record Scripts(double microsEach, double perRequest) {}

    private RedisRun() {}

    static Verdict measure(Plan plan, Stage stage, Program sluice, Program limiter) {
        List<Scripts> admissions = new ArrayList<>();
        List<Scripts> decisions = new ArrayList<>();
        for (int round = 0; round < plan.rounds(); round++) {
            stage.delays(0, 0, UNANSWERED_MILLIS);
            admissions.add(scripts(plan, stage, sluice, Load.SIGN, stage.sluiceRedis()));
            stage.delays(0, 0, 0);
            stage.drain();
            decisions.add(scripts(plan, stage, limiter, Load.UPLOAD, stage.peersRedis()));
        }
        Spread admission =
                Spread.of(admissions.stream().map(Scripts::microsEach).toList());
        Spread decision = Spread.of(decisions.stream().map(Scripts::microsEach).toList());
        return Verdict.of(
                8,
                "One admission / one decision of (d), Redis us",
                admission.median() / decision.median(),
                LIMIT,
                String.format(
                        Locale.ROOT,
                        "%s us / %s us; %.3f EVALSHA per admission",
                        admission.text(1),
                        decision.text(1),
                        Spread.of(admissions.stream().map(Scripts::perRequest).toList())
                                .median()));
    }

    private static Scripts scripts(
            Plan plan, Stage stage, Program program, Load load, RedisCommands<String, String> redis) {
        RedisCost before = RedisCost.soFar(redis);
        Wrk wrk = Wrk.run(stage.cores()::others, program.url(), load, CONNECTIONS, plan.seconds());
        RedisCost cost = RedisCost.soFar(redis).since(before);
        return new Scripts(cost.microsEach(), (double) cost.calls() / wrk.requests());
    }
}
