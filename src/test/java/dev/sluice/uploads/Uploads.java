package dev.sluice.uploads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Stack;
import dev.sluice.uploads.SinkBackend.Received;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.util.internal.PlatformDependent;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Sends many uploads at once, and one large one, and looks what is left of them: {@code bench/uploads}. */
public final class Uploads {

    private static final Duration SOON = Duration.ofSeconds(120);
    private static final long MIB = 1024 * 1024;

    /** Gauges that are 0 while nothing is asked. */
    private static final List<String> IDLE = List.of(
            "sluice.requests.active",
            "sluice.upload.in_flight",
            "sluice.upload.bytes_in_flight",
            "reactor.netty.connection.provider.active.connections",
            "reactor.netty.connection.provider.pending.connections");

    private Uploads() {}

    /**
     * One run.
     *
     * @param uploads at the same time
     * @param megabytes of each
     * @param large megabytes of the upload through a process with a small heap; 0 for none
     */
    record Plan(long seed, int uploads, int megabytes, int large) {}

    /**
     * What came of it.
     *
     * @param outcomes uploads by what became of them
     * @param violations what must not be; empty if all is well
     */
    record Report(
            Plan plan,
            Map<String, Integer> outcomes,
            Duration took,
            long passedBytes,
            long heapGrowth,
            long directGrowth,
            Duration large,
            List<String> violations) {}

    public static void main(String[] arguments) throws Exception {
        Plan plan;
        try {
            plan = plan(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Report report = run(plan);
        System.out.printf(
                "%s%n%s%n%d MiB passed in %d ms; afterwards heap %+d KiB, direct memory %+d KiB%n"
                        + "%d MiB through a heap of 192 MiB in %d ms%nviolations: %s%n",
                plan,
                report.outcomes(),
                report.passedBytes() / MIB,
                report.took().toMillis(),
                report.heapGrowth() / 1024,
                report.directGrowth() / 1024,
                plan.large(),
                report.large().toMillis(),
                report.violations());
        System.exit(report.violations().isEmpty() ? 0 : 1);
    }

    private static Plan plan(String... arguments) {
        Map<String, Integer> numbers = new TreeMap<>(Map.of(
                "--seed", (int) (System.nanoTime() % 1_000_000), "--uploads", 200, "--megabytes", 20, "--large", 1024));
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length
                    || !numbers.containsKey(arguments[i])
                    || !arguments[i + 1].matches("\\d{1,6}")) {
                throw new IllegalArgumentException(
                        "usage: bench/uploads [--seed N] [--uploads N] [--megabytes N] [--large MEGABYTES]");
            }
            numbers.put(arguments[i], Integer.parseInt(arguments[i + 1]));
        }
        return new Plan(
                number(numbers, "--seed"),
                number(numbers, "--uploads"),
                number(numbers, "--megabytes"),
                number(numbers, "--large"));
    }

    private static int number(Map<String, Integer> numbers, String name) {
        return numbers.getOrDefault(name, 0);
    }

    static Report run(Plan plan) throws Exception {
        try (SinkBackend backend = SinkBackend.start();
                Stack stack = Stack.start(settings(backend))) {
            String key = stack.user("many", 1_000_000);
            List<String> violations = new ArrayList<>();
            // What grows only once, such as pools and caches, is not a leak.
            send(stack, backend, key, new Plan(plan.seed(), plan.uploads(), 1, 0), "warm", violations);
            awaitEnd(stack, backend);
            long heap = heap();
            long direct = PlatformDependent.usedDirectMemory();
            long before = in(stack);
            long started = System.nanoTime();
            Map<String, Integer> outcomes = send(stack, backend, key, plan, "many", violations);
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            awaitEnd(stack, backend);
            long passed = in(stack) - before;
            long heapGrowth = heap() - heap;
            long directGrowth = PlatformDependent.usedDirectMemory() - direct;
            audit(stack, violations);
            if (heapGrowth > 32 * MIB || directGrowth > 32 * MIB) {
                violations.add("memory grew: heap by " + heapGrowth + ", direct by " + directGrowth);
            }
            Duration large = plan.large() == 0 ? Duration.ZERO : large(stack, backend, key, plan.large(), violations);
            return new Report(plan, outcomes, took, passed, heapGrowth, directGrowth, large, violations);
        }
    }

    static String[] settings(SinkBackend backend) {
        return new String[] {
            "SLUICE_UPLOAD_BACKEND", backend.url(),
            "sluice.upload.max-concurrent", "1000",
            "sluice.operations.upload.memory", "1000000/1m",
            "sluice.operations.upload.redis", "1000000/1m"
        };
    }

    /** A third goes through, a third of the clients and a third of the backend's connections break off. */
    private static Map<String, Integer> send(
            Stack stack, SinkBackend backend, String key, Plan plan, String prefix, List<String> violations)
            throws Exception {
        Random random = new Random(plan.seed());
        long declared = plan.megabytes() * MIB;
        Map<String, Integer> outcomes = new ConcurrentHashMap<>();
        ExecutorService clients = Executors.newFixedThreadPool(plan.uploads());
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < plan.uploads(); i++) {
            long cut = (long) (random.nextDouble() * declared);
            long seed = random.nextLong();
            int kind = i % 3;
            String name = (kind == 1 ? "cut-" + cut : "ok") + "-" + prefix + "-" + i;
            calls.add(clients.submit(() -> {
                Sender.Sent sent =
                        Sender.send(stack.edge().port(), key, name, declared, kind == 2 ? cut : declared, seed);
                outcomes.merge(
                        kind == 2 ? "client broke off" : sent.isStored() ? "stored" : "backend broke off",
                        1,
                        Integer::sum);
                Received received = backend.received().get(name);
                if (kind == 0
                        && (!sent.isStored()
                                || received == null
                                || received.crc() != sent.crc()
                                || received.declared() != declared)) {
                    synchronized (violations) {
                        violations.add(name + " was not stored as it was sent: " + received + ", " + sent);
                    }
                }
                return null;
            }));
        }
        for (Future<?> call : calls) {
            call.get();
        }
        clients.shutdown();
        return new TreeMap<>(outcomes);
    }

    private static void awaitEnd(Stack stack, SinkBackend backend) {
        await().atMost(SOON).untilAsserted(() -> {
            for (String gauge : IDLE) {
                assertThat(gauge(stack, backend, gauge)).as(gauge).isZero();
            }
            assertThat(stack.redis().client().hget(KeySpace.quota("many"), "pending"))
                    .isEqualTo("0");
            assertThat(stack.redis().client().keys("*:inflight:*")).isEmpty();
            assertThat(number(
                            stack,
                            "select count(*) from usage_events c where kind = 'charge' and not exists (select"
                                    + " from usage_events e where e.id = c.id and e.kind in ('outcome', 'refund'))"))
                    .as("charges whose end is not known")
                    .isZero();
        });
    }

    /** Each byte that passed is in one outcome, and is charged once. */
    private static void audit(Stack stack, List<String> violations) {
        long outcomes = number(stack, "select sum(bytes)::bigint from usage_events where kind = 'outcome'");
        if (outcomes != in(stack)) {
            violations.add(in(stack) + " bytes passed, and outcomes tell of " + outcomes);
        }
        long counted = number(stack, "select bytes_current from user_quotas where user_id = 'many'");
        // A request that was cut off before it was charged leaves a refund without a charge, which takes nothing back.
        long events = number(
                stack,
                "select sum(c.bytes + coalesce(r.bytes, 0))::bigint from usage_events c left join usage_events r"
                        + " on r.id = c.id and r.kind = 'refund' where c.kind = 'charge'");
        if (counted != events) {
            violations.add(counted + " bytes are counted, and charges less refunds are " + events);
        }
        if (counted != outcomes) {
            violations.add(counted + " bytes are counted, and " + outcomes + " passed");
        }
    }

    private static Duration large(Stack stack, SinkBackend backend, String key, int megabytes, List<String> violations)
            throws Exception {
        try (EdgeProcess edge = EdgeProcess.start(stack.redis(), stack.supabase(), settings(backend))) {
            edge.awaitReady();
            long started = System.nanoTime();
            Sender.Sent sent = Sender.send(edge.port(), key, "ok-large", megabytes * MIB, megabytes * MIB, 1);
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            Received received = backend.received().get("ok-large");
            if (!sent.isStored() || received == null || received.crc() != sent.crc()) {
                violations.add("the large upload was not stored as it was sent: " + received + ", " + sent);
            }
            return took;
        }
    }

    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** Of this instance and, of its pools, of the one to this backend. */
    private static double gauge(Stack stack, SinkBackend backend, String name) {
        String address = URI.create(backend.url()).getAuthority();
        return stack.edge().bean(MeterRegistry.class).find(name).gauges().stream()
                .filter(gauge -> gauge.getId().getTag("remote.address") == null
                        || address.equals(gauge.getId().getTag("remote.address")))
                .mapToDouble(Gauge::value)
                .sum();
    }

    private static long in(Stack stack) {
        return (long) stack.edge()
                .bean(MeterRegistry.class)
                .get("sluice.upload.bytes")
                .tag("direction", "in")
                .counter()
                .count();
    }

    private static long number(Stack stack, String sql) {
        return stack.database().number(sql);
    }
}
