package dev.sluice.ledger;

/** One step of somebody in a hunt. */
record HuntAction(Kind kind, int who) {

    enum Kind {
        START(1),
        START_TWO(0.3),
        SCRIPT(1),
        SCRIPT_ANSWER_LOST(0.15),
        SCRIPT_NOT_RUN(0.15),
        FACTS(1),
        FACTS_AWAY(0.3),
        LOAD(1),
        LOAD_ANSWER_LOST(0.15),
        RESERVE(1),
        RESERVE_ANSWER_LOST(0.15),
        TAKE_OVER(1),
        SUCCEED(1),
        FAIL(1),
        REFUND(1),
        BREAK_OFF(0.6),
        REFUND_PART(1),
        GATEWAY_CRASH(0.15),
        LINK(1),
        READ_ONE(1),
        READ_TWO(1),
        CLAIM(1),
        APPLY(1),
        APPLY_ANSWER_LOST(0.15),
        SETTLE(1),
        SETTLE_ANSWER_LOST(0.15),
        WORKER_CRASH(0.15),
        EXPIRE(0.15),
        FLUSH(0.15),
        TICK_REDIS(0.15),
        TICK_DATABASE(0.15),
        RESET(0.15),
        LOWER_LIMIT(0.15),
        OUTAGE(0.4),
        SNAPSHOT(0.15),
        RESTORE(0.15),
        RECONCILE(1);

        final double weight;

        Kind(double weight) {
            this.weight = weight;
        }
    }

    @Override
    public String toString() {
        return kind + "/" + who;
    }
}
