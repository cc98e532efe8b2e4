package dev.sluice.ledger;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.HuntAction.Kind;
import dev.sluice.ledger.HuntRules.Broken;
import dev.sluice.ledger.HuntScenario.Trouble;
import dev.sluice.redis.KeySpace;
import io.lettuce.core.RestoreArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One user, three gateways and two workers on the real scripts and the real functions, moved step by step. Beside them
 * it keeps what no part of the system knows as a whole, what was admitted in which period, and compares.
 */
final class HuntWorld {

    static final int GATEWAYS = 3;
    static final int WORKERS = 2;
    private static final int MOST_TICKS = 2;
    private static final Map<Kind, Integer> AT_MOST =
            Map.of(Kind.FLUSH, 1, Kind.OUTAGE, 2, Kind.RESTORE, 1, Kind.LINK, 3, Kind.RESET, 1, Kind.LOWER_LIMIT, 1);

    final HuntServers servers;
    final HuntDatabase database;
    final HuntScenario scenario;
    final HuntRules rules;
    final String user;
    final String stream;

    private final RedisCommands<String, String> redis;
    private final String quotaKey;
    private final List<HuntGateway> gateways = new ArrayList<>();
    private final List<HuntWorker> workers = new ArrayList<>();
    private final Map<Kind, Integer> done = new EnumMap<>(Kind.class);
    private final Map<String, byte[]> snapshot = new HashMap<>();

    /** What was admitted, by event id, in which period; and what an administrator took off a period's figure. */
    private final Map<String, Admission> admitted = new HashMap<>();

    private final Map<Long, Long> adjusted = new HashMap<>();
    private final Map<Long, Long> adjustedBytes = new HashMap<>();
    private final Set<String> refunded = new HashSet<>();
    private final Map<String, Long> refundedBytes = new HashMap<>();
    private final Set<String> voided = new HashSet<>();

    private boolean redisUp = true;
    private int redisHours;
    private int databaseHours;
    private long events;
    private Map<String, String> hash = Map.of();
    private boolean expires;
    private boolean entries;
    private @Nullable QuotaRow row;
    private @Nullable LedgerState seen;
    private @Nullable QuotaRow read;
    private long mostOver;
    private long pendingAtOutage;
    private long inFlightAtReturn;
    private boolean lost;

    private record Admission(long amount, long bytes, long period) {}

    HuntWorld(HuntServers servers, HuntScenario scenario, HuntRules rules) {
        this.servers = servers;
        this.database = servers.database;
        this.scenario = scenario;
        this.rules = rules;
        this.user = servers.newUser();
        this.redis = servers.redis.client();
        this.quotaKey = KeySpace.quota(user);
        this.stream = KeySpace.usage(KeySpace.partition(user));
        redis.flushall();
        database.ahead(0);
        servers.redisHours = 0;
        if (scenario.row()) {
            database.insert(user, scenario.limit(), scenario.bytesLimit(), scenario.has(Trouble.PERIOD));
        }
        for (int i = 0; i < GATEWAYS; i++) {
            gateways.add(new HuntGateway(this));
        }
        for (int i = 0; i < WORKERS; i++) {
            workers.add(new HuntWorker(this, "worker-" + i));
        }
        redis.xgroupCreate(StreamOffset.from(stream, "0"), KeySpace.GROUP, XGroupCreateArgs.Builder.mkstream());
        look();
    }

    // What may happen next.

    List<HuntAction> actions() {
        List<HuntAction> actions = new ArrayList<>();
        for (int k = 0; k < GATEWAYS; k++) {
            for (Kind kind : gateways.get(k).next()) {
                actions.add(new HuntAction(kind, k));
            }
        }
        for (int k = 0; k < WORKERS; k++) {
            for (Kind kind : workers.get(k).next()) {
                actions.add(new HuntAction(kind, k));
            }
        }
        add(actions, Kind.EXPIRE, scenario.has(Trouble.TTL) && expires);
        add(actions, Kind.FLUSH, scenario.has(Trouble.FLUSH));
        add(actions, Kind.TICK_REDIS, mayTick(redisHours, databaseHours));
        add(actions, Kind.TICK_DATABASE, mayTick(databaseHours, redisHours));
        add(actions, Kind.RESET, scenario.has(Trouble.ADMIN));
        add(actions, Kind.LOWER_LIMIT, scenario.has(Trouble.ADMIN));
        add(actions, Kind.OUTAGE, scenario.has(Trouble.OUTAGE));
        add(actions, Kind.SNAPSHOT, scenario.has(Trouble.RESTORE));
        add(actions, Kind.RESTORE, scenario.has(Trouble.RESTORE) && !snapshot.isEmpty());
        add(actions, Kind.RECONCILE, scenario.has(Trouble.RECONCILER));
        return actions;
    }

    private boolean mayTick(int hours, int other) {
        return scenario.has(Trouble.PERIOD) && hours <= other && hours < MOST_TICKS;
    }

    private void add(List<HuntAction> actions, Kind kind, boolean possible) {
        if (possible && done.getOrDefault(kind, 0) < AT_MOST.getOrDefault(kind, Integer.MAX_VALUE)) {
            actions.add(new HuntAction(kind, 0));
        }
    }

    /** Takes the step, if it is possible now, and looks whether everything still holds. */
    void step(HuntAction action) {
        Kind kind = action.kind();
        if (!actions().contains(action)
                || done.getOrDefault(kind, 0) >= AT_MOST.getOrDefault(kind, Integer.MAX_VALUE)) {
            return;
        }
        done.merge(kind, 1, Integer::sum);
        take(kind, action.who());
        look();
        check();
    }

    private void take(Kind kind, int who) {
        switch (kind) {
            case EXPIRE -> redis.del(quotaKey);
            case FLUSH -> flush();
            case TICK_REDIS -> servers.redisHours = ++redisHours;
            case TICK_DATABASE -> database.ahead(++databaseHours);
            case RESET -> reset();
            case LOWER_LIMIT -> database.lowerLimit(user);
            case OUTAGE -> outage();
            case SNAPSHOT -> takeSnapshot();
            case RESTORE -> restore();
            case RECONCILE -> reconcile();
            case READ_ONE, READ_TWO, CLAIM, APPLY, APPLY_ANSWER_LOST, SETTLE, SETTLE_ANSWER_LOST, WORKER_CRASH ->
                workers.get(who).take(kind);
            case GATEWAY_CRASH -> gateways.set(who, new HuntGateway(this));
            default -> gateways.get(who).take(kind);
        }
    }

    private void flush() {
        redis.flushall();
        lost = true;
    }

    private void reset() {
        QuotaRow before = row;
        if (before != null) {
            adjusted.merge(period(before), -before.current(), Long::sum);
            adjustedBytes.merge(period(before), -before.bytesCurrent(), Long::sum);
            database.reset(user);
        }
    }

    private void outage() {
        redisUp = !redisUp;
        if (!redisUp) {
            pendingAtOutage = Math.max(pendingAtOutage, number("pending"));
            return;
        }
        inFlightAtReturn = Math.max(
                inFlightAtReturn,
                gateways.stream().mapToLong(HuntGateway::reservedInFlight).sum());
        gateways.forEach(HuntGateway::sawRedisReturn);
    }

    private void takeSnapshot() {
        snapshot.clear();
        for (String key : redis.keys("*")) {
            snapshot.put(key, redis.dump(key));
        }
    }

    private void restore() {
        redis.flushall();
        snapshot.forEach((key, dump) -> redis.restore(key, dump, RestoreArgs.Builder.ttl(0)));
        if (redis.exists(quotaKey) == 1 && "0".equals(redis.hget(quotaKey, "pending"))) {
            redis.pexpire(quotaKey, 300_000);
        }
        lost = true;
        gateways.forEach(HuntGateway::sawRedisReturn);
    }

    /** Reads the hash, then the row, then corrects: three steps, and anything may happen between them. */
    private void reconcile() {
        LedgerState before = seen;
        if (before == null) {
            LedgerState state = redisUp ? LedgerState.read(hash) : null;
            seen = state == null || state.stub() ? null : state;
        } else if (read == null) {
            read = database.quotasOf(user);
        } else {
            QuotaRow facts = read;
            seen = null;
            read = null;
            if (redisUp && facts.version() > 0) {
                servers.plainLedger(rules.scripts())
                        .correct(user, before, facts)
                        .block();
            }
        }
    }

    // What the others ask and tell.

    boolean reaches(HuntGateway gateway) {
        return redisUp && gateway.linked();
    }

    boolean hasEntries() {
        return entries;
    }

    boolean redisIsUp() {
        return redisUp;
    }

    /** A UUIDv7 of now; its order is the order of minting. */
    String newEventId() {
        long millis = System.currentTimeMillis();
        return String.format(
                Locale.ROOT, "%08x-%04x-7000-8000-%012x", millis >>> 16, millis & 0xffff, servers.nextEvent(++events));
    }

    /** A charge was admitted, by Redis or by the database. */
    void admitted(UsageEvent charge, @Nullable Long period, boolean byRedis) {
        long of = period == null ? 0 : period;
        admitted.put(charge.id(), new Admission(charge.amount(), charge.bytes(), of));
        long limit = byRedis ? redisLimit() : databaseLimit();
        long over = total(of) - limit;
        mostOver = Math.max(mostOver, over);
        if (byRedis && over > 0 && !scenario.bounded()) {
            throw new HuntViolation("I1 admitted " + total(of) + " of " + limit);
        }
        if (byRedis && scenario.row() && totalBytes(of) > scenario.bytesLimit() && !scenario.bounded()) {
            throw new HuntViolation("I1 admitted " + totalBytes(of) + " bytes of " + scenario.bytesLimit());
        }
    }

    void refunded(String id) {
        refunded.add(id);
    }

    /** So many bytes of the charge were given back; its request and the others stay charged. */
    void refundedBytes(String id, long bytes) {
        refundedBytes.put(id, bytes);
    }

    /** The database refused the charge for good: what Redis may have admitted under this id does not count. */
    void voided(String id) {
        voided.add(id);
    }

    void loadDoesNotEnd() {
        if (!scenario.bounded() && !scenario.has(Trouble.TTL)) {
            throw new HuntViolation("LOOP an admission reads its facts again and again");
        }
    }

    private long total(long period) {
        return adjusted.getOrDefault(period, 0L)
                + admitted.entrySet().stream()
                        .filter(e -> e.getValue().period() == period
                                && !refunded.contains(e.getKey())
                                && !voided.contains(e.getKey()))
                        .mapToLong(e -> e.getValue().amount())
                        .sum();
    }

    private long totalBytes(long period) {
        return adjustedBytes.getOrDefault(period, 0L)
                + admitted.entrySet().stream()
                        .filter(e -> e.getValue().period() == period
                                && !refunded.contains(e.getKey())
                                && !voided.contains(e.getKey()))
                        .mapToLong(e -> e.getValue().bytes() - refundedBytes.getOrDefault(e.getKey(), 0L))
                        .sum();
    }

    private long redisLimit() {
        String limit = redis.hget(quotaKey, "limit");
        return limit == null || limit.isEmpty() ? scenario.limit() : Long.parseLong(limit);
    }

    private long databaseLimit() {
        QuotaRow now = database.row(user);
        return now == null || now.limit() == null ? scenario.limit() : now.limit();
    }

    // The invariants.

    private void look() {
        List<Object> state = servers.look(quotaKey, stream);
        hash = new HashMap<>();
        List<?> fields = (List<?>) state.get(0);
        for (int i = 0; i < fields.size(); i += 2) {
            hash.put(String.valueOf(fields.get(i)), String.valueOf(fields.get(i + 1)));
        }
        expires = (Long) state.get(1) >= 0;
        entries = redisUp && (Long) state.get(2) > 0;
        if (database.changed()) {
            row = database.row(user);
        }
    }

    private void check() {
        if (hash.isEmpty()) {
            return;
        }
        if (number("pending") < 0 || number("bytesPending") < 0) {
            throw new HuntViolation("I5 pending is negative: " + hash);
        }
        if (number("bytesPending") != number("pending") * scenario.bytesEach()) {
            throw new HuntViolation("BYTES do not go with requests: " + hash);
        }
        if (expires == (number("pending") > 0)) {
            throw new HuntViolation("TTL " + (expires ? "while pending" : "is missing") + ": " + hash);
        }
        QuotaRow now = row;
        if (now == null || hash.containsKey("stub") || scenario.bounded() || hashPeriod() != period(now)) {
            return;
        }
        if (number("base") + number("pending") < now.current()
                || number("bytesBase") + number("bytesPending") < now.bytesCurrent()) {
            throw new HuntViolation("I5 used is less than the database's " + now.current() + ": " + hash);
        }
    }

    /** Lets everybody finish and compares what is left. */
    void drain() {
        redisUp = true;
        for (HuntGateway gateway : gateways) {
            gateway.finish();
        }
        for (HuntWorker worker : workers) {
            worker.finish();
        }
        workers.get(0).workUntilNothingIsLeft();
        look();
        if (entries) {
            throw new HuntViolation("I2 entries that were never delivered: " + redis.xlen(stream));
        }
        if (number("pending") != 0 || number("bytesPending") != 0) {
            throw new HuntViolation("LEAK pending after all is settled: " + hash);
        }
        check();
        compareWithDatabase();
    }

    private void compareWithDatabase() {
        QuotaRow now = row;
        Set<String> known = new HashSet<>(database.known(user));
        if (now == null) {
            if (!lost && admitted.keySet().stream().anyMatch(id -> !refunded.contains(id))) {
                throw new HuntViolation("I2 no row although charges were admitted");
            }
            return;
        }
        long expected = adjusted.getOrDefault(period(now), 0L);
        long expectedBytes = adjustedBytes.getOrDefault(period(now), 0L);
        for (Map.Entry<String, Admission> one : admitted.entrySet()) {
            String id = one.getKey();
            boolean back = voided.contains(id) || (refunded.contains(id) && (!lost || known.contains("refund " + id)));
            boolean arrived = !lost || known.contains("charge " + id);
            if (one.getValue().period() == period(now) && !back && arrived) {
                expected += one.getValue().amount();
                boolean partBack = !lost || known.contains("refund " + id);
                expectedBytes += one.getValue().bytes() - (partBack ? refundedBytes.getOrDefault(id, 0L) : 0);
            }
        }
        if (now.current() != expected || now.bytesCurrent() != expectedBytes) {
            throw new HuntViolation("I2 the database counted " + now.current() + " and " + now.bytesCurrent()
                    + " bytes, admitted - refunded is " + expected + " and " + expectedBytes);
        }
        if (!hash.isEmpty()
                && !hash.containsKey("stub")
                && hashPeriod() == period(now)
                && !scenario.bounded()
                && (number("base") < now.current() || number("bytesBase") < now.bytesCurrent())) {
            throw new HuntViolation("I5 base is less than the database's " + now.current() + ": " + hash);
        }
    }

    /** DESIGN, I1: after a total outage at most limit + P + R were admitted. */
    void checkTheBoundOfATotalOutage() {
        if (mostOver > pendingAtOutage + inFlightAtReturn) {
            throw new HuntViolation(
                    "I1 " + mostOver + " over the limit, with P=" + pendingAtOutage + " and R=" + inFlightAtReturn);
        }
    }

    boolean broke(Broken rule) {
        return rules.breaks(rule);
    }

    private long number(String field) {
        return Long.parseLong(hash.getOrDefault(field, "0"));
    }

    private long hashPeriod() {
        String end = hash.getOrDefault("periodEndsAt", "");
        return end.isEmpty() ? 0 : Long.parseLong(end);
    }

    static long period(QuotaRow row) {
        return row.periodEndsAt() == null ? 0 : row.periodEndsAt().toEpochMilli();
    }

    /** The refund of a charge as its own event, at the end of the stream. */
    void append(UsageEvent event, String incarnation) {
        String period = event.periodEndsAt() == null
                ? ""
                : Long.toString(event.periodEndsAt().toEpochMilli());
        redis.xadd(
                stream,
                "id",
                event.id(),
                "inc",
                incarnation,
                "period",
                period,
                "event",
                HuntDatabase.JSON.writeValueAsString(event.withPeriod(null)));
    }
}
