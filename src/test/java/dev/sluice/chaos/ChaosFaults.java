package dev.sluice.chaos;

import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.supabase.Faults;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Faults of random kinds at random times, the same for the same seed. They overlap, but each part suffers one at a time.
 */
final class ChaosFaults {

    private static final String UNAVAILABLE = "{\"code\":\"XX000\",\"message\":\"rehearsed\"}";
    /** A start is not interrupted by a stop, and may take long on a busy machine. */
    private static final Duration STOP_LIMIT = Duration.ofMinutes(3);

    /** A fault: begins, and says how to end it. */
    private interface Fault {
        Runnable begin();
    }

    private record Part(String name, List<Kind> kinds) {}

    private record Kind(String name, int shortestMillis, int longestMillis, Fault fault) {}

    private final ChaosStage stage;
    private final SplittableRandom random;
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(8);
    private final Map<String, Integer> counts = new TreeMap<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<Part> suffering = new ArrayList<>();
    private @Nullable Throwable failure;
    private boolean over;

    ChaosFaults(ChaosStage stage, long seed) {
        this.stage = stage;
        this.random = new SplittableRandom(seed);
        parts.add(new Part("Redis", redis()));
        parts.add(new Part("database", database()));
        parts.add(new Part("storage", storage()));
        for (EdgeProcess edge : stage.edges()) {
            parts.add(new Part("instance", instance(edge)));
        }
    }

    void start() {
        clock.schedule(this::next, 1, TimeUnit.SECONDS);
    }

    /** How many faults of each kind there were. */
    synchronized Map<String, Integer> counts() {
        return new TreeMap<>(counts);
    }

    /** Begins no more faults, and returns when those under way have ended; fails if one could not be begun or ended. */
    void end() throws InterruptedException {
        synchronized (this) {
            over = true;
            while (!suffering.isEmpty()) {
                wait();
            }
            clock.shutdownNow();
            if (failure != null) {
                throw new IllegalStateException("A fault could not be begun or ended", failure);
            }
        }
    }

    private void next() {
        Part part;
        Kind kind;
        int lasts;
        synchronized (this) {
            if (over) {
                return;
            }
            part = somePart();
            kind = part.kinds.get(random.nextInt(part.kinds.size()));
            lasts = random.nextInt(kind.shortestMillis, kind.longestMillis + 1);
            clock.schedule(this::next, random.nextInt(500, 5000), TimeUnit.MILLISECONDS);
            if (suffering.contains(part) || (part.name.equals("instance") && isLastInstance())) {
                return;
            }
            suffering.add(part);
            counts.merge(part.name + " " + kind.name, 1, Integer::sum);
        }
        try {
            Runnable heal = kind.fault.begin();
            clock.schedule(() -> end(part, heal), lasts, TimeUnit.MILLISECONDS);
        } catch (RuntimeException e) {
            failed(e);
            end(part, () -> {});
        }
    }

    private synchronized void failed(Throwable error) {
        failure = failure == null ? error : failure;
    }

    /** One of the instances as often as each of the parts that they share. */
    private Part somePart() {
        int shared = parts.size() - stage.edges().size();
        int choice = random.nextInt(shared + 1);
        return parts.get(choice < shared ? choice : random.nextInt(shared, parts.size()));
    }

    private boolean isLastInstance() {
        return suffering.stream().filter(part -> part.name.equals("instance")).count()
                >= stage.edges().size() - 1;
    }

    private void end(Part part, Runnable heal) {
        try {
            heal.run();
        } catch (RuntimeException | AssertionError e) {
            failed(e);
        } finally {
            synchronized (this) {
                suffering.remove(part);
                notifyAll();
            }
        }
    }

    private List<Kind> redis() {
        var redis = stage.backends().redis();
        return List.of(
                new Kind("frozen", 100, 4000, () -> {
                    redis.freeze();
                    return redis::thaw;
                }),
                new Kind("killed", 0, 3000, () -> {
                    redis.kill();
                    return redis::restart;
                }),
                new Kind("slow", 300, 2000, () -> {
                    redis.client().clientPause(1000);
                    return () -> {};
                }));
    }

    private List<Kind> database() {
        return List.of(
                faulty("answers 503", 500, 5000, "rest", (faults, name) -> faults.status(name, 503, UNAVAILABLE)),
                faulty("hangs", 500, 4000, "rest", Faults::hang),
                faulty("loses answers", 300, 2000, "rest", Faults::dropAnswer),
                faulty("refuses", 300, 3000, "rest", Faults::refuse),
                new Kind("loses its sessions", 100, 200, () -> {
                    stage.backends()
                            .database()
                            .query("select pg_terminate_backend(pid) from pg_stat_activity"
                                    + " where datname = current_database() and pid <> pg_backend_pid()");
                    return () -> {};
                }));
    }

    private List<Kind> storage() {
        return List.of(
                faulty("answers 500", 300, 3000, "storage", (faults, name) -> faults.status(name, 500, "{}")),
                faulty("hangs", 500, 3000, "storage", Faults::hang),
                faulty("loses answers", 300, 2000, "storage", Faults::dropAnswer));
    }

    private interface Planned {
        void on(Faults faults, String endpoint);
    }

    private Kind faulty(String name, int shortest, int longest, String endpoint, Planned fault) {
        Faults faults = stage.backends().supabase().faults();
        return new Kind(name, shortest, longest, () -> {
            fault.on(faults, endpoint);
            return () -> faults.clear(endpoint);
        });
    }

    private static List<Kind> instance(EdgeProcess edge) {
        return List.of(
                new Kind("killed", 0, 2000, () -> {
                    edge.kill();
                    return () -> edge.restart();
                }),
                new Kind("frozen", 200, 6000, () -> {
                    edge.freeze();
                    return edge::thaw;
                }),
                new Kind("stopped", 0, 500, () -> {
                    edge.terminate();
                    return () -> {
                        var unused = edge.awaitExit(STOP_LIMIT);
                        edge.restart();
                    };
                }));
    }
}
