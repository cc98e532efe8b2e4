package dev.sluice.bench;

import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Signed URLs on one Redis, and on a Cluster of three masters. */
final class MastersGrowth {

    private MastersGrowth() {}

    static String measure(GrowthPlan plan, Stage stage) {
        Plan measured = plan.measured();
        Redis one = stage.redis();
        RedisCluster three = stage.cluster();
        List<Deployment> deployments = List.of(
                Deployment.of(one, stage.sluice(one, "master-1", Stage.HEAP_MEGABYTES, Map.of())),
                Deployment.of(three, stage.sluice(three, "masters-3", Stage.HEAP_MEGABYTES, Map.of())));
        for (Deployment deployment : deployments) {
            Rounds.warm(measured, stage, deployment.instances().get(0), title(deployment), Load.SIGN);
        }
        List<List<Cost>> rounds = deployments.stream()
                .<List<Cost>>map(deployment -> new ArrayList<>())
                .toList();
        for (int round = 0; round < measured.rounds(); round++) {
            for (int i = 0; i < deployments.size(); i++) {
                rounds.get(i)
                        .add(deployments
                                .get(i)
                                .measure(stage, Load.SIGN, Askers.ALL, measured.connections(), measured.seconds()));
            }
        }
        StringBuilder table = new StringBuilder(String.format(
                "%-12s %-22s %-22s %-26s %-30s %s%n",
                "masters",
                "requests/s",
                "CPU us/request",
                "Redis CPU us/admission",
                "of which the busiest master",
                "Redis full at requests/s"));
        for (int i = 0; i < deployments.size(); i++) {
            table.append(row(title(deployments.get(i)), rounds.get(i)));
        }
        deployments.forEach(deployment -> deployment.instances().forEach(stage::end));
        return table.toString();
    }

    private static String title(Deployment deployment) {
        return Integer.toString(deployment.servers().size());
    }

    private static String row(String title, List<Cost> rounds) {
        return String.format(
                Locale.ROOT,
                "%-12s %-22s %-22s %-26s %-30s %.0f%s%n",
                title,
                Cost.spread(rounds, Cost::rate).text(0),
                Cost.spread(rounds, Cost::cpuMicros).text(0),
                Cost.spread(rounds, Cost::redisMicrosOfAll).text(1),
                Cost.spread(rounds, Cost::redisMicrosOfBusiest).text(1),
                Cost.spread(rounds, cost -> 1e6 / cost.redisMicrosOfBusiest()).median(),
                Cost.warning(rounds));
    }
}
