package dev.sluice.ledger;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Takes random steps in a scenario until an invariant breaks or the time is over; shrinks what it finds. */
final class Hunt {

    private static final int STEPS = 45;

    private final HuntServers servers;
    private final HuntScenario scenario;
    private final HuntRules rules;
    private final boolean drained;

    /**
     * @param drained whether everybody finishes and the database is compared, else only the bound of a total outage is
     */
    Hunt(HuntServers servers, HuntScenario scenario, HuntRules rules, boolean drained) {
        this.servers = servers;
        this.scenario = scenario;
        this.rules = rules;
        this.drained = drained;
    }

    /**
     * What a hunt came to.
     *
     * @param runs worlds that were played
     * @param steps steps that were taken in them
     * @param found the violation, its seed and the shortest way to it; null if there was none
     */
    record Outcome(int runs, long steps, @Nullable String found) {}

    /** Plays seeds in turn: the fixed ones from {@code base} on, and those from a random base. */
    Outcome play(long base, Duration budget) {
        long end = System.nanoTime() + budget.toNanos();
        long random = new Random().nextInt(Integer.MAX_VALUE);
        long steps = 0;
        for (int run = 0; run == 0 || System.nanoTime() < end; run++) {
            long seed = (run % 2 == 0 ? base : random) + run;
            List<HuntAction> taken = new ArrayList<>();
            HuntViolation violation = explore(seed, taken);
            steps += taken.size();
            if (violation != null) {
                List<HuntAction> shortest = shrink(taken, violation.invariant());
                return new Outcome(
                        run + 1,
                        steps,
                        "%s%nin '%s', seed %d, shrunk from %d steps to %d: %s%nwhich ends with: %s"
                                .formatted(
                                        violation.getMessage(),
                                        scenario,
                                        seed,
                                        taken.size(),
                                        shortest.size(),
                                        shortest,
                                        replay(shortest)));
            }
        }
        return new Outcome((int) Math.max(1, steps / STEPS), steps, null);
    }

    private @Nullable HuntViolation explore(long seed, List<HuntAction> taken) {
        Random random = new Random(seed);
        HuntWorld world = new HuntWorld(servers, scenario, rules);
        return violation(() -> {
            for (int i = 0; i < STEPS; i++) {
                HuntAction action = choose(world.actions(), random);
                taken.add(action);
                world.step(action);
            }
            end(world);
        });
    }

    private @Nullable HuntViolation replay(List<HuntAction> actions) {
        HuntWorld world = new HuntWorld(servers, scenario, rules);
        return violation(() -> {
            actions.forEach(world::step);
            end(world);
        });
    }

    private void end(HuntWorld world) {
        if (drained) {
            world.drain();
        } else {
            world.checkTheBoundOfATotalOutage();
        }
    }

    /** An error of a script or function is as much of a find as a broken invariant. */
    private static @Nullable HuntViolation violation(Runnable play) {
        try {
            play.run();
            return null;
        } catch (HuntViolation violation) {
            return violation;
        } catch (RuntimeException error) {
            return new HuntViolation("ERROR " + error);
        }
    }

    private static HuntAction choose(List<HuntAction> actions, Random random) {
        double all = actions.stream().mapToDouble(a -> a.kind().weight).sum();
        double at = random.nextDouble() * all;
        for (HuntAction action : actions) {
            at -= action.kind().weight;
            if (at < 0) {
                return action;
            }
        }
        return actions.get(actions.size() - 1);
    }

    /** Leaves out steps, three, two or one at a time, as long as the same invariant breaks. */
    private List<HuntAction> shrink(List<HuntAction> actions, String invariant) {
        List<HuntAction> shortest = actions;
        boolean shrunk = true;
        while (shrunk) {
            shrunk = false;
            for (int width = 3; width > 0; width--) {
                for (int at = shortest.size() - width; at >= 0; at--) {
                    if (at + width > shortest.size()) {
                        continue;
                    }
                    List<HuntAction> fewer = new ArrayList<>(shortest.subList(0, at));
                    fewer.addAll(shortest.subList(at + width, shortest.size()));
                    HuntViolation violation = replay(fewer);
                    if (violation != null && violation.invariant().equals(invariant)) {
                        shortest = fewer;
                        shrunk = true;
                    }
                }
            }
        }
        return shortest;
    }
}
