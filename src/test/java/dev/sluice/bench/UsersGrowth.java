package dev.sluice.bench;

import dev.sluice.testkit.Redis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Signed URLs of ever more users, in one process: first each new one once, so that the user is known, then all of them in
 * turn. Whatever is remembered of a user lives to the end of the run, so at that time all of them are active.
 */
final class UsersGrowth {

    private static final int LIFE_SECONDS = (int) Duration.ofHours(1).toSeconds();
    private static final String LIFE = LIFE_SECONDS + "s";

    /** As many as the instance's largest cache holds at most, that of the last verdicts on buckets; the others hold 10,000. */
    private static final int CAPS = 100_000;

    private static final double HEAP_LIMIT = 1.1;
    private static final double BYTES_LIMIT = 1024 + 100;

    /** Below that, what other work of Redis leaves is more than the users. */
    private static final int ENOUGH = 1_000;

    private static final Load LOAD = Load.SIGN.by(Keys.MANY);

    private final Plan plan;
    private final Stage stage;
    private final Redis redis;
    private final Program sluice;
    private final Deployment deployment;
    private final List<Figures> figures = new ArrayList<>();

    /**
     * Of so many users.
     *
     * @param firstMicros CPU of a request by which a user becomes known; empty if there were too few
     * @param rounds of requests by known users
     * @param heapKib what a full collection leaves
     * @param redisBytes more than before there were any
     */
    private record Figures(
            int users, OptionalDouble firstMicros, List<Cost> rounds, long heapKib, long residentKib, long redisBytes) {

        double redisBytesEach() {
            return (double) redisBytes / users;
        }
    }

    private UsersGrowth(Plan plan, Stage stage) {
        this.plan = plan;
        this.stage = stage;
        this.redis = stage.redis();
        this.sluice = stage.sluice(
                redis,
                "users",
                Stage.HEAP_MEGABYTES,
                Map.of(
                        "sluice.identity.cache-ttl",
                        LIFE,
                        "sluice.quota.cache-ttl",
                        LIFE,
                        "sluice.bucket-access.cache-ttl",
                        LIFE,
                        "sluice.operations.signed-url.redis",
                        "1000000000/" + LIFE));
        this.deployment = Deployment.of(redis, sluice);
    }

    static String measure(GrowthPlan plan, Stage stage) {
        UsersGrowth growth = new UsersGrowth(plan.measured(), stage);
        growth.measure(plan.users());
        String table = growth.table();
        stage.end(growth.sluice);
        return table;
    }

    private void measure(List<Integer> users) {
        Rounds.warm(plan, stage, sluice, "Sluice before there are many users", Load.SIGN);
        Stage.drain(redis);
        long before = usedMemory();
        int known = 0;
        for (int count : users) {
            OptionalDouble firstMicros = makeKnown(known, count);
            known = count;
            List<Cost> rounds = new ArrayList<>();
            for (int round = 0; round < plan.rounds(); round++) {
                // Each round goes on where the last one ended, or nearly there.
                int first =
                        rounds.stream().mapToInt(cost -> (int) cost.requests()).sum() % count;
                rounds.add(deployment.measure(
                        stage, LOAD, new Askers(first, count - first), plan.connections(), plan.seconds()));
            }
            figures.add(new Figures(
                    count, firstMicros, rounds, sluice.liveHeapKib(), sluice.residentKib(), usedMemory() - before));
        }
    }

    /** Asks as each new user once, or a little more often. */
    private OptionalDouble makeKnown(int known, int count) {
        List<Cost> costs = new ArrayList<>();
        int next = known;
        while (next < count) {
            Cost cost =
                    deployment.measure(stage, LOAD, new Askers(next, count - next), plan.connections(), plan.seconds());
            costs.add(cost);
            // wrk does not send the first, and what is under way at the end is not counted.
            next += Math.max(1, (int) cost.requests() - plan.connections());
        }
        long requests = costs.stream().mapToLong(Cost::requests).sum();
        boolean mostlyNew = requests < 1.5 * (count - known);
        return mostlyNew
                ? OptionalDouble.of(costs.stream()
                                .mapToDouble(cost -> cost.cpuMicros() * cost.requests())
                                .sum()
                        / requests)
                : OptionalDouble.empty();
    }

    private long usedMemory() {
        return redis.client()
                .info("memory")
                .lines()
                .filter(line -> line.startsWith("used_memory:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf(':') + 1).trim()))
                .findFirst()
                .orElseThrow();
    }

    private String table() {
        StringBuilder table = new StringBuilder(String.format(
                "%-12s %-22s %-22s %-14s %-22s %-10s %-10s %s%n",
                "users",
                "requests/s",
                "CPU us/request",
                "of the first",
                "Redis CPU us/request",
                "heap MiB",
                "RSS MiB",
                "Redis bytes/user"));
        figures.forEach(of -> table.append(row(of)));
        Figures most = figures.get(figures.size() - 1);
        if (most.users() >= ENOUGH) {
            table.append(redisVerdict(most));
        }
        List<Figures> full = figures.stream().filter(of -> of.users() >= CAPS).toList();
        return table.append(
                        full.size() < 2
                                ? "Heap: its limit needs two numbers of users from " + CAPS + " on\n"
                                : heapVerdict(full.get(0), most))
                .toString();
    }

    private static Bound heapVerdict(Figures first, Figures most) {
        return new Bound(
                "Heap with " + most.users() + " users / with " + first.users(),
                (double) most.heapKib() / first.heapKib(),
                HEAP_LIMIT,
                "");
    }

    private String redisVerdict(Figures of) {
        UserMemory kinds = UserMemory.sample(redis, LOAD.keys(), of.users(), LIFE_SECONDS);
        double bytes = of.redisBytesEach() + kinds.windowIfFull() - kinds.window();
        return kinds.toString()
                + new Bound(
                        "Redis bytes of an active user who remembers one bucket",
                        bytes,
                        BYTES_LIMIT,
                        "with a full window");
    }

    private static String row(Figures of) {
        return String.format(
                Locale.ROOT,
                "%-12d %-22s %-22s %-14s %-22s %-10.0f %-10.0f %s%s%n",
                of.users(),
                Cost.spread(of.rounds(), Cost::rate).text(0),
                Cost.spread(of.rounds(), Cost::cpuMicros).text(0),
                of.firstMicros().isPresent()
                        ? String.format(Locale.ROOT, "%.0f", of.firstMicros().getAsDouble())
                        : "-",
                Cost.spread(of.rounds(), Cost::redisMicrosOfAll).text(1),
                of.heapKib() / 1024.0,
                of.residentKib() / 1024.0,
                of.users() >= ENOUGH ? String.format(Locale.ROOT, "%.0f", of.redisBytesEach()) : "-",
                Cost.warning(of.rounds()));
    }
}
