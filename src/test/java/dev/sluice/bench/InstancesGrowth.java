package dev.sluice.bench;

import dev.sluice.testkit.Redis;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Signed URLs by one to three instances on one Redis, asked at once by the same users. */
final class InstancesGrowth {

    private static final int MOST = 3;

    private InstancesGrowth() {}

    static String measure(GrowthPlan plan, Stage stage) {
        Plan measured = plan.measured();
        Redis redis = stage.redis();
        List<Program> instances = new ArrayList<>();
        StringBuilder table = new StringBuilder(String.format(
                "%-12s %-22s %-22s %-26s %-12s %s%n",
                "instances",
                "requests/s",
                "CPU us/request",
                "Redis CPU us/admission",
                "Redis busy",
                "cores of instances for one of Redis"));
        for (int i = 1; i <= MOST; i++) {
            Program next = stage.sluice(redis, "instance-" + i, Stage.HEAP_MEGABYTES, Map.of());
            Rounds.warm(measured, stage, next, "Instance " + i, Load.SIGN);
            instances.add(next);
            Deployment all = Deployment.of(redis, instances.toArray(Program[]::new));
            List<Cost> rounds = new ArrayList<>();
            for (int round = 0; round < measured.rounds(); round++) {
                rounds.add(all.measure(stage, Load.SIGN, Askers.ALL, measured.connections(), measured.seconds()));
            }
            table.append(row(i, rounds));
        }
        instances.forEach(stage::end);
        return table.toString();
    }

    private static String row(int instances, List<Cost> rounds) {
        return String.format(
                Locale.ROOT,
                "%-12d %-22s %-22s %-26s %-12s %.1f%s%n",
                instances,
                Cost.spread(rounds, Cost::rate).text(0),
                Cost.spread(rounds, Cost::cpuMicros).text(0),
                Cost.spread(rounds, Cost::redisMicrosOfAll).text(1),
                Math.round(100 * Cost.spread(rounds, Cost::redisShare).median()) + "%",
                Cost.spread(rounds, cost -> cost.cpuMicros() / cost.redisMicrosOfAll())
                        .median(),
                Cost.warning(rounds));
    }
}
