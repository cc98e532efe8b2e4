package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitReply.Load;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.HuntAction.Kind;
import dev.sluice.ledger.HuntRules.Broken;
import dev.sluice.ledger.HuntScenario.Trouble;
import dev.sluice.redis.KeySpace;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One gateway at one request: charge, else reserve in the database; then the operation; then perhaps a refund. */
final class HuntGateway {

    private static final int MOST_LOADS = 6;
    private static final int MOST_STEPS = 60;

    private enum State {
        IDLE,
        CHARGE,
        FACTS,
        LOAD,
        RESERVE,
        TAKE_OVER,
        OPERATION,
        REFUND,
        REFUND_PART
    }

    private final HuntWorld world;
    private final Fences fences = new Fences();
    private final List<Ledger> ledgers;
    private final int partition;

    private State state = State.IDLE;
    private boolean linked = true;
    private @Nullable UsageEvent event;
    private String incarnation = "";
    private FactsMode mode = FactsMode.ASK;
    private int loads;
    private @Nullable Load asked;
    private QuotaRow row = QuotaRow.NONE;

    HuntGateway(HuntWorld world) {
        this.world = world;
        this.ledgers = world.servers.ledgers(world.rules.scripts(), fences);
        this.partition = KeySpace.partition(world.user);
        if (world.broke(Broken.FENCES)) {
            fences.installed(partition, Long.MAX_VALUE);
        }
    }

    List<Kind> next() {
        HuntScenario scenario = world.scenario;
        List<Kind> next = new ArrayList<>();
        switch (state) {
            case IDLE -> next.addAll(List.of(Kind.START, Kind.START_TWO));
            case CHARGE -> {
                next.add(Kind.SCRIPT);
                if (scenario.has(Trouble.SLOW)) {
                    next.addAll(List.of(Kind.SCRIPT_ANSWER_LOST, Kind.SCRIPT_NOT_RUN));
                }
            }
            case FACTS -> {
                next.add(Kind.FACTS);
                if (scenario.has(Trouble.DATABASE_AWAY)) {
                    next.add(Kind.FACTS_AWAY);
                }
            }
            case LOAD -> {
                next.add(Kind.LOAD);
                if (scenario.has(Trouble.SLOW)) {
                    next.add(Kind.LOAD_ANSWER_LOST);
                }
            }
            case RESERVE -> next.addAll(List.of(Kind.RESERVE, Kind.RESERVE_ANSWER_LOST));
            case TAKE_OVER -> next.add(Kind.TAKE_OVER);
            case OPERATION -> {
                next.add(Kind.SUCCEED);
                if (scenario.has(Trouble.REFUNDS)) {
                    next.add(Kind.FAIL);
                    if (scenario.bytesEach() > 0) {
                        next.add(Kind.BREAK_OFF);
                    }
                }
            }
            case REFUND -> next.add(Kind.REFUND);
            case REFUND_PART -> next.add(Kind.REFUND_PART);
        }
        if (state != State.IDLE && scenario.has(Trouble.CRASH)) {
            next.add(Kind.GATEWAY_CRASH);
        }
        if (scenario.has(Trouble.PARTIAL)) {
            next.add(Kind.LINK);
        }
        return next;
    }

    void take(Kind kind) {
        switch (kind) {
            case START -> start(1);
            case START_TWO -> start(2);
            case SCRIPT -> charge();
            case SCRIPT_ANSWER_LOST -> chargeAndMissTheAnswer();
            case SCRIPT_NOT_RUN -> state = State.RESERVE;
            case FACTS -> {
                row = world.database.facts(world.user);
                state = State.LOAD;
            }
            case FACTS_AWAY -> {
                mode = FactsMode.TRUST;
                state = State.CHARGE;
            }
            case LOAD -> load();
            case LOAD_ANSWER_LOST -> {
                if (world.reaches(this)) {
                    world.servers.loseAnswer(ledger().load(world.user, requireNonNull(asked), row, null));
                }
                state = State.RESERVE;
            }
            case RESERVE -> reserve();
            case RESERVE_ANSWER_LOST -> {
                callReserve();
                fence();
            }
            case TAKE_OVER -> {
                if (world.reaches(this)) {
                    ledger().takeover(world.user, row).block();
                } else {
                    fence();
                }
                state = State.OPERATION;
            }
            case SUCCEED -> state = State.IDLE;
            case FAIL -> state = State.REFUND;
            case REFUND -> refund();
            case BREAK_OFF -> state = State.REFUND_PART;
            case REFUND_PART -> refundWhatDidNotPass();
            case LINK -> {
                linked = !linked;
                if (linked) {
                    sawRedisReturn();
                }
            }
            default -> throw new IllegalArgumentException(kind.name());
        }
    }

    boolean linked() {
        return linked;
    }

    void sawRedisReturn() {
        if (!world.broke(Broken.FENCES)) {
            fences.markAll();
        }
    }

    long reservedInFlight() {
        return state == State.RESERVE || state == State.TAKE_OVER
                ? requireNonNull(event).amount()
                : 0;
    }

    /** Ends the request as if nothing more went wrong. */
    void finish() {
        linked = true;
        for (int i = 0; i < MOST_STEPS && state != State.IDLE; i++) {
            take(next().get(0));
        }
    }

    private void start(long amount) {
        event = new UsageEvent(
                world.newEventId(),
                UsageEvent.Kind.CHARGE,
                world.user,
                null,
                "upload",
                "supabase",
                amount,
                amount * world.scenario.bytesEach(),
                null,
                null,
                null,
                Instant.now());
        incarnation = "";
        mode = FactsMode.ASK;
        loads = 0;
        state = world.reaches(this) ? State.CHARGE : State.RESERVE;
    }

    private Ledger ledger() {
        return ledgers.get(world.servers.redisHours);
    }

    private AdmitRequest request() {
        UsageEvent charge = requireNonNull(event);
        return new AdmitRequest(
                world.user,
                List.of(),
                new Charge(
                        charge.id(),
                        HuntDatabase.JSON.writeValueAsString(charge),
                        charge.amount(),
                        charge.bytes(),
                        (long) world.scenario.limit()),
                List.of(),
                false,
                mode);
    }

    private void charge() {
        if (!world.reaches(this)) {
            state = State.RESERVE;
            return;
        }
        AdmitReply reply = requireNonNull(ledger().admit(request()).block());
        if (reply instanceof Admitted admitted) {
            sawAdmitted(admitted);
            state = State.OPERATION;
        } else if (reply instanceof Load load) {
            asked = load;
            state = State.FACTS;
            if (++loads > MOST_LOADS) {
                world.loadDoesNotEnd();
            }
        } else {
            state = State.IDLE;
        }
    }

    @SuppressWarnings("unchecked")
    private void chargeAndMissTheAnswer() {
        if (world.reaches(this)) {
            Object reply = world.servers.loseAnswer(ledger().admit(request()));
            if (AdmitReplies.read((List<Object>) requireNonNull(reply), List.of(), 0) instanceof Admitted admitted) {
                sawAdmitted(admitted);
            }
        }
        state = State.RESERVE;
    }

    private void sawAdmitted(Admitted admitted) {
        UsageEvent charge = requireNonNull(event).withPeriod(admitted.periodEndsAt());
        event = charge;
        incarnation = admitted.incarnation();
        Long period =
                charge.periodEndsAt() == null ? null : charge.periodEndsAt().toEpochMilli();
        world.admitted(charge, period, true);
    }

    private void load() {
        if (!world.reaches(this)) {
            state = State.RESERVE;
            return;
        }
        ledger().load(world.user, requireNonNull(asked), row, null).block();
        mode = FactsMode.HELD;
        state = State.CHARGE;
    }

    private void reserve() {
        boolean allowed = callReserve();
        state = allowed ? State.TAKE_OVER : State.IDLE;
    }

    private void fence() {
        if (!world.broke(Broken.FENCES)) {
            fences.mark(partition);
        }
    }

    private boolean callReserve() {
        UsageEvent charge = requireNonNull(event);
        if (!world.reaches(this)) {
            fence();
        }
        boolean known = world.database.known(world.user).contains("charge " + charge.id());
        HuntDatabase.Reserved reserved = world.database.reserve(charge, world.scenario.limit());
        row = reserved.row();
        if (!reserved.allowed()) {
            world.voided(charge.id());
        } else if (!known) {
            event = charge.withPeriod(row.periodEndsAt());
            Long period = row.periodEndsAt() == null ? null : row.periodEndsAt().toEpochMilli();
            world.admitted(charge, period, false);
        }
        return reserved.allowed();
    }

    private void refund() {
        giveBack(requireNonNull(event));
        world.refunded(requireNonNull(event).id());
        state = State.IDLE;
    }

    /** A third of the body passed; the request stays charged. */
    private void refundWhatDidNotPass() {
        UsageEvent charge = requireNonNull(event);
        long left = charge.bytes() - charge.bytes() / 3;
        giveBack(charge.part(0, world.broke(Broken.BYTES_THAT_PASSED) ? charge.bytes() : left));
        world.refundedBytes(charge.id(), left);
        state = State.IDLE;
    }

    private void giveBack(UsageEvent charge) {
        UsageEvent refund = charge.refund(Instant.now());
        if (world.reaches(this)) {
            world.append(refund, incarnation);
        } else {
            world.database.apply(List.of(refund));
        }
    }
}
