package dev.sluice.ledger;

import dev.sluice.redis.Script;
import dev.sluice.testkit.Redis;
import java.util.EnumSet;
import java.util.Set;

/**
 * The rules that a hunt plays by: the shipped ones, or with one left out to see that the hunt notices.
 *
 * @param scripts the ledger's scripts, but for the time in admit.lua
 * @param broken rules that the world around the scripts leaves out
 */
record HuntRules(LedgerScripts scripts, Set<Broken> broken) {

    /** What a worker, gateway or database does wrong. */
    enum Broken {
        /** apply_usage answers no row when all events were known. */
        ROWS_OF_KNOWN_EVENTS,
        /** Events do not say in which period they were charged. */
        PERIOD_STAMP,
        /** The stream's group is made anew at its end. */
        GROUP_FROM_THE_BEGINNING,
        /** No gateway ever fences. */
        FENCES,
        /** A body that broke off is given back as if nothing of it had passed. */
        BYTES_THAT_PASSED
    }

    static final HuntRules SHIPPED = new HuntRules(LedgerScripts.SHIPPED, EnumSet.noneOf(Broken.class));

    static HuntRules without(Broken rule) {
        return new HuntRules(LedgerScripts.SHIPPED, EnumSet.of(rule));
    }

    static HuntRules withSettle(Redis redis, String part, String replacement) {
        LedgerScripts s = LedgerScripts.SHIPPED;
        Script settle = MovedScripts.with(redis, s.settle(), part, replacement);
        return new HuntRules(
                new LedgerScripts(s.admit(), s.load(), settle, s.takeover(), s.correct(), s.fence(), s.look()),
                EnumSet.noneOf(Broken.class));
    }

    boolean breaks(Broken rule) {
        return broken.contains(rule);
    }
}
