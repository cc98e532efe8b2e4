package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.HuntAction.Kind;
import dev.sluice.ledger.HuntRules.Broken;
import dev.sluice.redis.KeySpace;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One worker: reads or claims entries, applies them in the database, settles them in Redis. */
final class HuntWorker {

    private static final int MOST_ROUNDS = 200;

    private final HuntWorld world;
    private final RedisCommands<String, String> redis;
    private final Consumer<String> consumer;
    private final Ledger ledger;

    private List<Held> held = List.of();
    private @Nullable QuotaRow row;

    /** An entry of the stream and the event in it. */
    private record Held(String entryId, String incarnation, UsageEvent event) {}

    HuntWorker(HuntWorld world, String name) {
        this.world = world;
        this.redis = world.servers.redis.client();
        this.consumer = Consumer.from(KeySpace.GROUP, name);
        this.ledger = world.servers.plainLedger(world.rules.scripts());
    }

    List<Kind> next() {
        if (held.isEmpty() && !world.hasEntries()) {
            return List.of();
        }
        if (held.isEmpty()) {
            return List.of(Kind.READ_ONE, Kind.READ_TWO, Kind.CLAIM);
        }
        return row == null
                ? List.of(Kind.APPLY, Kind.APPLY_ANSWER_LOST, Kind.WORKER_CRASH)
                : List.of(Kind.SETTLE, Kind.SETTLE_ANSWER_LOST, Kind.WORKER_CRASH);
    }

    void take(Kind kind) {
        switch (kind) {
            case READ_ONE -> read(1);
            case READ_TWO -> read(2);
            case CLAIM -> claim();
            case APPLY -> row = apply();
            case APPLY_ANSWER_LOST -> apply();
            case SETTLE -> {
                if (world.redisIsUp()) {
                    settle();
                    forget();
                }
            }
            case SETTLE_ANSWER_LOST -> {
                if (world.redisIsUp()) {
                    settle();
                }
            }
            case WORKER_CRASH -> forget();
            default -> throw new IllegalArgumentException(kind.name());
        }
    }

    void finish() {
        if (!held.isEmpty() && row == null) {
            row = apply();
        }
        if (row != null) {
            settle();
        }
        forget();
    }

    void workUntilNothingIsLeft() {
        for (int i = 0; i < MOST_ROUNDS; i++) {
            read(2);
            if (held.isEmpty()) {
                claim();
            }
            if (held.isEmpty()) {
                return;
            }
            finish();
        }
    }

    private void read(int count) {
        if (!world.redisIsUp()) {
            return;
        }
        try {
            hold(redis.xreadgroup(consumer, XReadArgs.Builder.count(count), StreamOffset.lastConsumed(world.stream)));
        } catch (RedisCommandExecutionException e) {
            String from = world.broke(Broken.GROUP_FROM_THE_BEGINNING) ? "$" : "0";
            redis.xgroupCreate(
                    StreamOffset.from(world.stream, from), KeySpace.GROUP, XGroupCreateArgs.Builder.mkstream());
            read(count);
        }
    }

    private void claim() {
        if (world.redisIsUp() && redis.exists(world.stream) == 1) {
            try {
                hold(redis.xautoclaim(
                                world.stream,
                                XAutoClaimArgs.Builder.xautoclaim(consumer, 0, "0-0")
                                        .count(2))
                        .getMessages());
            } catch (RedisCommandExecutionException noGroup) {
                hold(List.of());
            }
        }
    }

    private void hold(List<StreamMessage<String, String>> messages) {
        List<Held> read = new ArrayList<>();
        for (StreamMessage<String, String> message : messages) {
            Map<String, String> body = message.getBody();
            UsageEvent event = HuntDatabase.JSON.readValue(requireNonNull(body.get("event")), UsageEvent.class);
            String period = requireNonNull(body.get("period"));
            boolean stamped = !period.isEmpty() && !world.broke(Broken.PERIOD_STAMP);
            read.add(new Held(
                    message.getId(),
                    requireNonNull(body.get("inc")),
                    event.withPeriod(stamped ? Instant.ofEpochMilli(Long.parseLong(period)) : null)));
        }
        held = read;
        row = null;
    }

    private QuotaRow apply() {
        QuotaRow before = world.broke(Broken.ROWS_OF_KNOWN_EVENTS) ? world.database.row(world.user) : null;
        QuotaRow after = world.database.apply(held.stream().map(Held::event).toList());
        boolean nothingNew = before != null && before.version() == after.version();
        return nothingNew ? new QuotaRow(null, 0, null, 0, null, null, -1) : after;
    }

    private void settle() {
        List<Entry> entries = held.stream()
                .map(one -> new Entry(
                        one.entryId(),
                        one.event().id(),
                        one.event().kind() == UsageEvent.Kind.CHARGE ? "charge" : "refund",
                        Math.abs(one.event().amount()),
                        Math.abs(one.event().bytes()),
                        one.incarnation()))
                .toList();
        ledger.settle(world.user, entries, requireNonNull(row)).block();
    }

    private void forget() {
        held = List.of();
        row = null;
    }
}
