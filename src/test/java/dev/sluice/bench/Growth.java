package dev.sluice.bench;

import java.util.List;

/** Shows how cost grows with routes, users, instances, Redis masters and ledgers: {@code bench/growth}. */
public final class Growth {

    private final GrowthPlan plan;
    private final Stage stage;
    private boolean failed;

    private Growth(GrowthPlan plan, Stage stage) {
        this.plan = plan;
        this.stage = stage;
    }

    public static void main(String[] arguments) {
        GrowthPlan plan;
        try {
            plan = GrowthPlan.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(List.of(arguments).contains("--help") ? 0 : 2);
            return;
        }
        try (Stage stage = Stage.start()) {
            Growth growth = new Growth(plan, stage);
            plan.parts().forEach(growth::show);
            System.exit(growth.failed ? 1 : 0);
        }
    }

    /** A part that cannot be measured does not keep the others from it. */
    private void show(GrowthPlan.Part part) {
        try {
            String table = switch (part) {
                case ROUTES -> RoutesGrowth.measure(plan, stage);
                case USERS -> UsersGrowth.measure(plan, stage);
                case INSTANCES -> InstancesGrowth.measure(plan, stage);
                case MASTERS -> MastersGrowth.measure(plan, stage);
                case RECONCILER -> ReconcilerGrowth.measure(plan, stage);
            };
            System.out.println("\n" + table);
        } catch (RuntimeException e) {
            failed = true;
            e.printStackTrace();
        }
    }
}
