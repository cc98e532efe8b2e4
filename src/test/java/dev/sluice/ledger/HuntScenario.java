package dev.sluice.ledger;

import java.util.EnumSet;
import java.util.Set;

/** What may happen in a hunt. */
record HuntScenario(String name, Set<Trouble> troubles, int limit, boolean row) {

    enum Trouble {
        REFUNDS,
        CRASH,
        TTL,
        PERIOD,
        ADMIN,
        RECONCILER,
        DATABASE_AWAY,
        FLUSH,
        SLOW,
        OUTAGE,
        PARTIAL,
        RESTORE,
        BYTES
    }

    static HuntScenario of(String name, int limit, Set<Trouble> troubles) {
        return new HuntScenario(name, troubles, limit, true);
    }

    HuntScenario withoutRow() {
        Set<Trouble> fewer = EnumSet.copyOf(troubles);
        fewer.remove(Trouble.ADMIN);
        fewer.remove(Trouble.PERIOD);
        return new HuntScenario(name, fewer, limit, false);
    }

    /** What each request weighs in bytes; nothing in some, since a count of 0 is a case of its own. */
    long bytesEach() {
        return row ? 10 : 0;
    }

    /** The limit of bytes: so much that it refuses before the requests do, until a body that broke off gives some back. */
    long bytesLimit() {
        return limit * bytesEach() - (has(Trouble.BYTES) ? bytesEach() : 0);
    }

    boolean has(Trouble trouble) {
        return troubles.contains(trouble);
    }

    /** Whether the bounds of an outage hold instead of the limit itself. */
    boolean bounded() {
        return has(Trouble.OUTAGE)
                || has(Trouble.PARTIAL)
                || has(Trouble.RESTORE)
                || has(Trouble.SLOW)
                || has(Trouble.DATABASE_AWAY)
                || has(Trouble.FLUSH);
    }

    @Override
    public String toString() {
        return name;
    }
}
