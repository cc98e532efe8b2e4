package dev.sluice.ledger;

import dev.sluice.redis.Script;

/** The ledger's steps as Redis runs them. */
record LedgerScripts(
        Script admit, Script load, Script settle, Script takeover, Script correct, Script fence, Script look) {

    private static final String TAKEOVER = "takeover-function";
    private static final String FENCE = "fence-function";
    private static final String WINDOW = "window-function";

    static final LedgerScripts SHIPPED = new LedgerScripts(
            Script.load(Ledger.class, "admit", FENCE, WINDOW),
            Script.load(Ledger.class, "load", TAKEOVER),
            Script.load(Ledger.class, "settle", TAKEOVER),
            Script.load(Ledger.class, "takeover", TAKEOVER),
            Script.load(Ledger.class, "correct", TAKEOVER),
            Script.load(Ledger.class, "fence", FENCE),
            Script.load(Ledger.class, "look", WINDOW));
}
