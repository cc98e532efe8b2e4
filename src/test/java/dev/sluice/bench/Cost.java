package dev.sluice.bench;

import java.util.Collection;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * One measurement of instances that share their Redis.
 *
 * @param requests that were answered
 * @param rate of all instances together, requests per second
 * @param cpuMicros of the instances per request, work that followed the answers included
 * @param redisMicros CPU of each Redis server per request
 * @param redisShare how busy the busiest server was while requests came, 0 to 1
 * @param elsewhere admissions that Redis was too slow for; any makes the figures those of another way
 */
record Cost(long requests, double rate, double cpuMicros, List<Double> redisMicros, double redisShare, long elsewhere) {

    /** Of all servers together. */
    double redisMicrosOfAll() {
        return redisMicros.stream().mapToDouble(Double::doubleValue).sum();
    }

    double redisMicrosOfBusiest() {
        return redisMicros.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }

    static Spread spread(Collection<Cost> costs, ToDoubleFunction<Cost> figure) {
        return Spread.of(costs.stream().map(figure::applyAsDouble).toList());
    }

    /** What to say of admissions that others than Redis decided; empty if there were none. */
    static String warning(Collection<Cost> costs) {
        long elsewhere = costs.stream().mapToLong(Cost::elsewhere).sum();
        return elsewhere == 0 ? "" : "  NOT DECIDED BY REDIS, which was too slow: " + elsewhere + " requests";
    }
}
