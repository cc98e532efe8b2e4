package dev.sluice.bench;

import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisData;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Instances of Sluice and the Redis that they share.
 *
 * @param servers of that Redis
 */
record Deployment(List<Program> instances, RedisData redis, List<Redis> servers) {

    static Deployment of(Redis redis, Program... instances) {
        return new Deployment(List.of(instances), redis, List.of(redis));
    }

    static Deployment of(RedisCluster cluster, Program... instances) {
        return new Deployment(List.of(instances), cluster, cluster.nodes());
    }

    /** Loads all instances at once, the connections divided among them, and waits until what follows the answers is done. */
    Cost measure(Stage stage, Load load, Askers askers, int connections, int seconds) {
        long elsewhere = decidedElsewhere();
        double cpu = cpuMicros();
        List<Double> redisCpu = redisCpuMicros();
        List<Wrk> answers = load(stage, load, askers, Math.max(1, connections / instances.size()), seconds);
        List<Double> redisCpuThen = redisCpuMicros();
        Stage.drain(redis);
        long requests = answers.stream().mapToLong(Wrk::requests).sum();
        if (requests == 0) {
            throw new IllegalStateException("Nothing was answered");
        }
        List<Double> redisCpuAfter = redisCpuMicros();
        List<Double> redisMicros = new ArrayList<>();
        double busiest = 0;
        for (int i = 0; i < servers.size(); i++) {
            redisMicros.add((redisCpuAfter.get(i) - redisCpu.get(i)) / requests);
            busiest = Math.max(busiest, redisCpuThen.get(i) - redisCpu.get(i));
        }
        return new Cost(
                requests,
                answers.stream().mapToDouble(Wrk::rate).sum(),
                (cpuMicros() - cpu) / requests,
                redisMicros,
                busiest / answers.stream().mapToLong(Wrk::micros).max().orElseThrow(),
                decidedElsewhere() - elsewhere);
    }

    private List<Wrk> load(Stage stage, Load load, Askers askers, int connectionsEach, int seconds) {
        ExecutorService clients = Executors.newFixedThreadPool(instances.size());
        try {
            return instances.stream()
                    .map(instance -> CompletableFuture.supplyAsync(
                            () -> Wrk.run(
                                    stage.cores()::others, instance.url(), load, askers, connectionsEach, seconds),
                            clients))
                    .toList()
                    .stream()
                    .map(CompletableFuture::join)
                    .toList();
        } finally {
            clients.shutdown();
        }
    }

    private double cpuMicros() {
        return instances.stream().mapToDouble(Program::cpuMicros).sum();
    }

    private List<Double> redisCpuMicros() {
        return servers.stream().map(server -> Program.cpuMicros(server.pid())).toList();
    }

    private long decidedElsewhere() {
        return instances.stream().mapToLong(Program::decidedElsewhere).sum();
    }
}
