package dev.sluice.management;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.admission.InFlightLimits;
import dev.sluice.exchange.Timings;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.memory.RefusalMemory;
import dev.sluice.operation.Operation;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import dev.sluice.ownusage.OwnUsage;
import dev.sluice.ownusage.OwnUsageReader;
import dev.sluice.routes.RoutesInForce;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;
import reactor.core.publisher.Mono;

/** A user's limits and what is used of them, as JSON, with where each figure comes from. Changes nothing. */
final class UserLimits {

    private static final String FROM = "from";

    private final OwnUsageReader reader;
    private final RoutesInForce routes;
    private final MemoryGuard guard;
    private final RefusalMemory refusals;
    private final DefaultLimit defaultLimit;
    private final InFlightLimits inFlight;
    private final Clock clock;

    UserLimits(
            OwnUsageReader reader,
            RoutesInForce routes,
            MemoryGuard guard,
            RefusalMemory refusals,
            DefaultLimit defaultLimit,
            InFlightLimits inFlight,
            Clock clock) {
        this.reader = reader;
        this.routes = routes;
        this.guard = guard;
        this.refusals = refusals;
        this.defaultLimit = defaultLimit;
        this.inFlight = inFlight;
        this.clock = clock;
    }

    /** Also for a user whom nobody knows, and while Redis or the database is away. */
    Mono<Map<String, @Nullable Object>> of(String userId, @Nullable String plan, Timings timings) {
        Operations operations = routes.operations();
        List<RateCheck> checks = operations.all(plan).stream()
                .flatMap(operation -> operation.redis().stream().map(rate -> new RateCheck(operation.name(), rate, 1)))
                .toList();
        return reader.look(userId, checks, timings).map(usage -> {
            Map<String, @Nullable Object> told = new LinkedHashMap<>();
            told.put("userId", userId);
            told.put("plan", plan);
            told.put("sources", sources(usage));
            told.put("quota", quota(usage));
            told.put("inFlight", inFlight(usage.view()));
            told.put("operations", operations(userId, plan, operations, usage));
            told.put("remembered", remembered(userId));
            return told;
        });
    }

    private static Map<String, Object> sources(OwnUsage usage) {
        boolean redis = usage.view() != null;
        String database = usage.source() == OwnUsage.Source.REDIS
                ? "not-asked"
                : usage.source() == OwnUsage.Source.DATABASE ? "answered" : "unavailable";
        Map<String, Object> sources = new LinkedHashMap<>();
        sources.put("redis", redis ? "answered" : "unavailable");
        sources.put("database", database);
        return sources;
    }

    private Map<String, @Nullable Object> quota(OwnUsage usage) {
        QuotaRow row = usage.row();
        LedgerView view = usage.view();
        Instant end = row == null ? null : row.periodEndsAt();
        Long resetIn = end == null ? null : Math.max(0, end.toEpochMilli() - clock.millis());
        Map<String, @Nullable Object> quota = new LinkedHashMap<>();
        quota.put(FROM, usage.source().name().toLowerCase(Locale.ROOT));
        quota.put("row", row == null ? null : row.version() > 0);
        quota.put("periodEndsAt", end == null ? null : end.toString());
        Long standard = defaultLimit.requests();
        boolean own = row != null && row.limit() != null;
        quota.put(
                "requests",
                unit(
                        row == null ? null : own ? row.limit() : standard == null ? Long.valueOf(0) : standard,
                        row == null ? unavailable() : own ? "database" : standard == null ? "none" : "default",
                        row == null ? null : row.current(),
                        view == null ? null : view.pending(),
                        resetIn));
        quota.put(
                "bytes",
                unit(
                        row == null ? null : row.bytesLimit(),
                        row == null ? unavailable() : row.bytesLimit() == null ? "none" : "database",
                        row == null ? null : row.bytesCurrent(),
                        view == null ? null : view.bytesPending(),
                        resetIn));
        return quota;
    }

    private static Map<String, @Nullable Object> unit(
            @Nullable Long limit,
            String limitFrom,
            @Nullable Long counted,
            @Nullable Long pending,
            @Nullable Long resetIn) {
        Long used = counted == null ? null : Long.valueOf(counted + (pending == null ? 0 : pending));
        Map<String, @Nullable Object> unit = new LinkedHashMap<>();
        unit.put("limit", limit);
        unit.put("limitFrom", limitFrom);
        unit.put("used", used);
        unit.put("counted", counted);
        unit.put("pending", pending);
        unit.put("remaining", limit == null || used == null ? null : Long.valueOf(Math.max(0, limit - used)));
        unit.put("resetIn", resetIn);
        return unit;
    }

    private Map<String, @Nullable Object> inFlight(@Nullable LedgerView view) {
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        told.put(FROM, view == null ? unavailable() : "redis");
        told.put("uploads", view == null ? null : view.uploads());
        told.put("bytes", view == null ? null : view.bytesInFlight());
        told.put("maxUploads", inFlight.uploads());
        told.put("maxBytes", inFlight.bytes());
        return told;
    }

    private Map<String, Object> operations(
            String userId, @Nullable String plan, Operations operations, OwnUsage usage) {
        Map<String, Object> told = new LinkedHashMap<>();
        for (Operation operation : operations.all(plan)) {
            Operation standard = operations.get(operation.name());
            Map<String, @Nullable Object> limits = new LinkedHashMap<>();
            limits.put("windows", windows(operation, standard, usage));
            limits.put("instance", instance(userId, operation, standard));
            DataSize most = operation.maxSize();
            limits.put("maxSize", most == null ? null : most.toBytes());
            told.put(operation.name(), limits);
        }
        return told;
    }

    private static List<Map<String, @Nullable Object>> windows(
            Operation operation, Operation standard, OwnUsage usage) {
        List<Map<String, @Nullable Object>> windows = new ArrayList<>();
        LedgerView view = usage.view();
        for (int i = 0; i < usage.checks().size(); i++) {
            RateCheck check = usage.checks().get(i);
            if (check.operation().equals(operation.name())) {
                RateState state = view == null ? null : view.rates().get(i);
                Map<String, @Nullable Object> window =
                        rate(check.rate(), operation.redis().equals(standard.redis()));
                window.put("used", state == null ? null : state.current());
                window.put("remaining", state == null ? null : state.remaining());
                window.put("resetIn", state == null ? null : state.resetMillis());
                window.put(FROM, state == null ? unavailable() : "redis");
                windows.add(window);
            }
        }
        return windows;
    }

    private Map<String, @Nullable Object> instance(String userId, Operation operation, Operation standard) {
        Rate rate = operation.memory();
        RollingCounter.Attempt next = guard.peek(userId, operation.name(), rate, 1);
        Map<String, @Nullable Object> instance = rate(rate, rate.equals(standard.memory()));
        instance.put("used", rate.limit() - next.remaining());
        instance.put("remaining", next.remaining());
        instance.put("resetIn", next.resetMillis());
        instance.put(FROM, "memory");
        return instance;
    }

    private static Map<String, @Nullable Object> rate(Rate rate, boolean asWithoutAPlan) {
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        told.put("limit", rate.limit());
        told.put("window", rate.windowSeconds());
        told.put("limitFrom", asWithoutAPlan ? "configuration" : "plan");
        return told;
    }

    /** What this instance refuses without asking Redis. */
    private List<Map<String, @Nullable Object>> remembered(String userId) {
        List<Map<String, @Nullable Object>> told = new ArrayList<>();
        refusals.of(userId).forEach((claim, refusal) -> {
            String[] parts = claim.split(":", 2);
            Duration resetIn = refusal.resetIn();
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("claim", parts[0].equals("rate") ? "rate-limit" : parts[0]);
            one.put("what", parts[1]);
            one.put("resetIn", resetIn == null ? null : resetIn.toMillis());
            one.put(FROM, "memory");
            told.add(one);
        });
        return told;
    }

    private static String unavailable() {
        return "unavailable";
    }
}
