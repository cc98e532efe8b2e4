package dev.sluice.ledger;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.UserKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** The steps of the ledger, each one atomic script. Every step fails with a {@code RedisUnavailableException}. */
public final class Ledger {

    /** Incarnations are unique, not secret: a random one each would read the system's entropy on an event loop. */
    private final String instance = ProcessName.random();

    private final AtomicLong incarnations = new AtomicLong();
    private final RedisConnection redis;
    private final Fences fences;
    private final LedgerSettings settings;
    private final LedgerScripts scripts;

    public Ledger(RedisConnection redis, Fences fences, LedgerSettings settings) {
        this(redis, fences, settings, LedgerScripts.SHIPPED);
    }

    Ledger(RedisConnection redis, Fences fences, LedgerSettings settings, LedgerScripts scripts) {
        this.redis = redis;
        this.fences = fences;
        this.settings = settings;
        this.scripts = scripts;
    }

    /** Decides all claims at once and, if they all hold, counts, charges and records them. */
    public Mono<AdmitReply> admit(AdmitRequest request) {
        return Mono.defer(() -> {
            UserKeys user = UserKeys.of(request.userId());
            int partition = user.partition();
            long epoch = fences.due(partition);
            return redis.eval(scripts.admit(), admitKeys(request, user), admitArgs(request, fences.token(epoch)))
                    .map(reply -> {
                        fences.installed(partition, epoch);
                        return AdmitReplies.read(
                                reply, request.rates(), request.buckets().size());
                    });
        });
    }

    /** Reads what a user has used, and changes nothing. */
    public Mono<LedgerView> look(String userId, List<RateCheck> checks) {
        return look(userId, checks, List.of());
    }

    /** As {@link #look(String, List)}, with the verdicts on buckets that Redis knows; what was decided elsewhere plays no part. */
    public Mono<LedgerView> look(String userId, List<RateCheck> checks, List<BucketCheck> buckets) {
        return Mono.defer(() -> {
            List<String> keys = new ArrayList<>(3 + checks.size() + buckets.size());
            UserKeys user = UserKeys.of(userId);
            keys.add(KeySpace.fence(user.partition()));
            keys.add(user.quota());
            keys.add(user.inFlight());
            List<String> args = new ArrayList<>(1 + 3 * checks.size());
            args.add(Integer.toString(checks.size()));
            for (RateCheck check : checks) {
                keys.add(user.rate(check.operation(), check.rate().windowSeconds()));
                args.add(Long.toString(check.rate().limit()));
                args.add(Long.toString(check.rate().window().toMillis()));
                args.add(Long.toString(check.cost()));
            }
            for (BucketCheck bucket : buckets) {
                keys.add(user.bucket(bucket.bucket(), bucket.access()));
            }
            return redis.eval(scripts.look(), keys.toArray(String[]::new), args.toArray(String[]::new))
                    .map(reply -> LedgerView.read(reply, checks.size(), buckets.size()));
        });
    }

    /** Forgets what was counted in these windows of a user; completes with how many had counted anything. */
    public Mono<Long> resetRates(String userId, List<RateCheck> windows) {
        String[] keys = windows.stream()
                .map(check ->
                        KeySpace.rate(userId, check.operation(), check.rate().windowSeconds()))
                .distinct()
                .toArray(String[]::new);
        return keys.length == 0 ? Mono.just(0L) : redis.call(commands -> commands.del(keys));
    }

    /**
     * Stores facts that were read from the database <em>after</em> {@code seen} was answered.
     *
     * @param row the ledger's facts; null if only verdicts were asked
     * @param verdicts the bucket's verdicts; null if only facts were asked. Not stored if the partition has been fenced
     *     since: whoever made them void has done so, see {@link #fence}
     * @return false if the ledger is another one by now; the admission starts over in either case
     */
    public Mono<Boolean> load(
            String userId, AdmitReply.Load seen, @Nullable QuotaRow row, @Nullable Verdicts verdicts) {
        UserKeys user = UserKeys.of(userId);
        String quota = user.quota();
        String fence = KeySpace.fence(user.partition());
        String[] keys = verdicts == null
                ? new String[] {quota, fence}
                : new String[] {quota, fence, user.bucket(verdicts.bucket(), 'r'), user.bucket(verdicts.bucket(), 'w')};
        List<String> args = new ArrayList<>(13);
        args.add(row == null ? "" : seen.incarnation());
        args.add(seen.fence());
        args.add(millis(settings.ttl()));
        args.addAll(List.of((row == null ? QuotaRow.NONE : row).facts()));
        args.add(verdicts == null ? "" : bit(verdicts.canRead()));
        args.add(verdicts == null ? "" : bit(verdicts.canWrite()));
        args.add(millis(settings.grantTtl()));
        args.add(millis(settings.refusalTtl()));
        return redis.eval(scripts.load(), keys, args.toArray(String[]::new)).map(Ledger::flag);
    }

    /**
     * Acknowledges one user's applied entries and takes the row over.
     *
     * @return how many entries were acknowledged here for the first time
     */
    public Mono<Long> settle(String userId, List<Entry> entries, QuotaRow row) {
        List<String> args = new ArrayList<>(8 + 6 * entries.size());
        args.add(KeySpace.GROUP);
        args.add(millis(settings.ttl()));
        args.addAll(List.of(row.facts()));
        for (Entry entry : entries) {
            args.addAll(List.of(
                    entry.entryId(),
                    entry.eventId(),
                    entry.kind(),
                    Long.toString(entry.amount()),
                    Long.toString(entry.bytes()),
                    entry.incarnation()));
        }
        UserKeys user = UserKeys.of(userId);
        String[] keys = {KeySpace.usage(user.partition()), user.quota()};
        return redis.eval(scripts.settle(), keys, args.toArray(String[]::new)).map(reply -> (Long) reply.get(0));
    }

    /** Offers a row to the user's ledger, if there is one. */
    public Mono<Boolean> takeover(String userId, QuotaRow row) {
        List<String> args = new ArrayList<>(7);
        args.add(millis(settings.ttl()));
        args.addAll(List.of(row.facts()));
        return redis.eval(scripts.takeover(), new String[] {KeySpace.quota(userId)}, args.toArray(String[]::new))
                .map(Ledger::flag);
    }

    /** Replaces the facts of a ledger that is unchanged since {@code seen} was read before {@code row} was. */
    public Mono<Boolean> correct(String userId, LedgerState seen, QuotaRow row) {
        List<String> args = new ArrayList<>(9);
        args.add(seen.incarnation());
        args.add(Long.toString(seen.version()));
        args.add(millis(settings.ttl()));
        args.addAll(List.of(row.facts()));
        return redis.eval(scripts.correct(), new String[] {KeySpace.quota(userId)}, args.toArray(String[]::new))
                .map(Ledger::flag);
    }

    /**
     * Installs this instance's fence in a partition where it is due; completes empty where it is not. No answer that the
     * database was asked for before is stored there as a bucket's verdict after it.
     */
    public Mono<Void> fence(int partition) {
        return Mono.defer(() -> {
            long epoch = fences.due(partition);
            if (epoch == 0) {
                return Mono.empty();
            }
            return redis.eval(scripts.fence(), new String[] {KeySpace.fence(partition)}, fences.token(epoch))
                    .doOnNext(reply -> fences.installed(partition, epoch))
                    .then();
        });
    }

    private static String[] admitKeys(AdmitRequest request, UserKeys user) {
        List<String> keys =
                new ArrayList<>(5 + request.rates().size() + request.buckets().size());
        keys.add(KeySpace.fence(user.partition()));
        keys.add(KeySpace.usage(user.partition()));
        keys.add(user.quota());
        if (request.flight() != null) {
            keys.add(user.inFlight());
        }
        Charge charge = request.charge();
        if (charge != null && charge.repeatableFor() != null) {
            keys.add(user.charged(charge.eventId()));
        }
        for (BucketCheck bucket : request.buckets()) {
            keys.add(user.bucket(bucket.bucket(), bucket.access()));
        }
        for (RateCheck check : request.rates()) {
            keys.add(user.rate(check.operation(), check.rate().windowSeconds()));
        }
        for (ShadowCheck shadow : request.shadows()) {
            ShadowArguments.addKeys(keys, user, shadow);
        }
        return keys.toArray(String[]::new);
    }

    private String[] admitArgs(AdmitRequest request, String fenceToken) {
        List<String> args = new ArrayList<>(
                8 + 3 * request.rates().size() + request.buckets().size());
        addOptions(args, request, fenceToken);
        Charge charge = request.charge();
        args.add(charge == null ? "" : Long.toString(charge.amount()));
        args.add(charge == null && request.shadows().isEmpty() ? "" : instance + ":" + incarnations.incrementAndGet());
        args.add(charge == null ? "" : charge.eventId());
        args.add(charge == null ? "" : charge.eventJson());
        for (BucketCheck bucket : request.buckets()) {
            Boolean decided = bucket.decided();
            args.add(decided == null ? "ask" : decided ? "yes" : "no");
        }
        for (RateCheck check : request.rates()) {
            addRate(args, check);
        }
        for (ShadowCheck shadow : request.shadows()) {
            ShadowArguments.add(args, shadow);
        }
        return args.toArray(String[]::new);
    }

    private void addOptions(List<String> args, AdmitRequest request, String fenceToken) {
        if (!fenceToken.isEmpty()) {
            args.add("fence");
            args.add(fenceToken);
        }
        request.facts().addTo(args);
        if (request.anyBucket()) {
            args.add("any");
        }
        Flight flight = request.flight();
        if (flight != null) {
            addFlight(args, flight);
        }
        Charge charge = request.charge();
        if (charge != null) {
            addOptions(args, charge);
        }
    }

    private void addOptions(List<String> args, Charge charge) {
        if (charge.defaultLimit() != null) {
            args.add("default");
            args.add(charge.defaultLimit().toString());
        }
        if (charge.bytes() != 0) {
            args.add("bytes");
            args.add(Long.toString(charge.bytes()));
        } else if (charge.amount() == 0) {
            args.add("nothing");
            args.add(millis(settings.ttl()));
        }
        if (charge.repeatableFor() != null) {
            args.add("again");
            args.add(millis(charge.repeatableFor()));
        }
    }

    static void addRate(List<String> args, RateCheck check) {
        args.add(Long.toString(check.rate().limit()));
        args.add(Long.toString(check.rate().window().toMillis()));
        args.add(Long.toString(check.cost()));
    }

    private static void addFlight(List<String> args, Flight flight) {
        args.add("flight");
        args.add(flight.member());
        args.add(millis(flight.lease()));
        args.add(Long.toString(flight.bytes()));
        args.add(flight.maxUploads() == null ? "" : flight.maxUploads().toString());
        args.add(flight.maxBytes() == null ? "" : flight.maxBytes().toString());
    }

    private static String bit(boolean value) {
        return value ? "1" : "0";
    }

    private static String millis(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    private static boolean flag(List<Object> reply) {
        return Long.valueOf(1).equals(reply.get(0));
    }
}
