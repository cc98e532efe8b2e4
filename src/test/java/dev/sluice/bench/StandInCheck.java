package dev.sluice.bench;

import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Whether the stand-in can answer ten times what the programs asked of it, so that none of them was waiting for it. */
final class StandInCheck {

    private static final int BATCH = 500;
    private static final int EVENTS_PER_REQUEST = 2;
    private static final int ENOUGH = 10;

    private static final Load APPLY =
            new Load("POST", "/rest/v1/rpc/apply_usage", Keys.ADMITTED, "{\"p_events\":" + events() + "}", false);

    private StandInCheck() {}

    /** Measured with the load on the tested core, where nobody else works by now. */
    static String measure(Plan plan, Stage stage, Rounds rounds) {
        stage.delays(0, 0, 0);
        double stored = rate(plan, stage, Load.STORE);
        double applied = rate(plan, stage, APPLY);
        double asked = Math.max(
                Math.max(rounds.fastest(Row.GATEWAY), rounds.fastest(Row.LIMITER)), rounds.fastest(Row.PROXIED));
        double events = Math.max(rounds.fastest(Row.SIGNED_URL), rounds.fastest(Row.PROXIED)) * EVENTS_PER_REQUEST;
        return line("requests to storage", stored, asked) + line("calls of apply_usage", applied, events / BATCH);
    }

    private static double rate(Plan plan, Stage stage, Load load) {
        return Wrk.run(
                        stage.cores()::tested,
                        stage.standIn().url(),
                        load,
                        plan.connections(),
                        Math.min(5, plan.seconds()))
                .rate();
    }

    private static String line(String what, double answered, double asked) {
        return asked == 0
                ? ""
                : String.format(
                        Locale.ROOT,
                        "The stand-in answers %.0f %s a second, %.0f x the %.0f that were asked of it%s%n",
                        answered,
                        what,
                        answered / asked,
                        asked,
                        answered / asked < ENOUGH ? ": TOO FEW" : "");
    }

    private static String events() {
        List<String> events = IntStream.range(0, BATCH)
                .mapToObj(i ->
                        "{\"id\":\"" + new UUID(i, i) + "\",\"kind\":\"charge\",\"userId\":\"check-" + i % Keys.USERS
                                + "\",\"apiKeyId\":null,\"operation\":\"signed-url\",\"provider\":\"supabase\",\"amount\":1,"
                                + "\"bytes\":0,\"success\":null,\"code\":null,\"periodEndsAt\":null,"
                                + "\"occurredAt\":\"2026-11-24T12:00:00.000Z\"}")
                .toList();
        return events.stream().collect(Collectors.joining(",", "[", "]"));
    }
}
