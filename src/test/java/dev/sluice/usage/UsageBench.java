package dev.sluice.usage;

import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.NoArgGenerator;
import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.AdmitRequest;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.Charge;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerSettings;
import dev.sluice.ledger.LedgerState;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.supabase.PostgRest;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.RedisData;
import dev.sluice.testkit.RedisKind;
import dev.sluice.testkit.supabase.LocalSupabase;
import io.lettuce.core.AbstractRedisClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A Redis, a database with its PostgREST, and one gateway's clients to them; of the test class alone. */
public final class UsageBench implements AutoCloseable {

    private static final NoArgGenerator IDS = Generators.timeBasedEpochGenerator();
    private static final long DEFAULT_LIMIT = 1_000_000;

    public final RedisData redis;
    public final Database database = Postgres.shared().newDatabase();
    public final LocalSupabase supabase =
            LocalSupabase.start(database.dataSource(), Path.of("target", "objects-" + UUID.randomUUID()));
    public final PostgRest postgRest = postgRest();
    public final Fences fences = new Fences();
    public final LedgerSettings settings =
            new LedgerSettings(Duration.ofSeconds(300), Duration.ofMinutes(15), Duration.ofMinutes(1));
    private final ScheduledExecutorService connector = new ScheduledThreadPoolExecutor(1);
    private final AbstractRedisClient client;
    public final RedisConnection connection;
    public final Ledger ledger;

    public UsageBench() {
        this(RedisKind.SINGLE);
    }

    public UsageBench(RedisKind kind) {
        redis = kind.start();
        client = redis.newClient();
        connection = new RedisConnection(client, Duration.ofSeconds(2), call -> call, connector);
        ledger = new Ledger(connection, fences, settings);
    }

    /** Charges through the ledger, as an admission does, and answers the event. */
    public UsageEvent charge(String user, long amount) {
        return charge(user, amount, IDS.generate());
    }

    UsageEvent charge(String user, long amount, UUID id) {
        UsageEvent event = event(user, Kind.CHARGE, amount, id.toString());
        Charge charge = new Charge(event.id(), EventJson.withoutPeriod(event), amount, 0, DEFAULT_LIMIT);
        AdmitRequest request = new AdmitRequest(user, List.of(), charge, List.of(), false, FactsMode.ASK);
        AdmitReply reply = Objects.requireNonNull(ledger.admit(request).block());
        if (reply instanceof AdmitReply.Load load) {
            ledger.load(user, load, facts(user), null).block();
            reply = Objects.requireNonNull(ledger.admit(request).block());
        }
        if (!(reply instanceof AdmitReply.Admitted)) {
            throw new IllegalStateException("Not admitted: " + reply);
        }
        return event;
    }

    public void charges(String user, int count) {
        IntStream.range(0, count).forEach(i -> charge(user, 1));
    }

    UsageEvent outcome(String user, boolean success) {
        return new UsageEvent(
                IDS.generate().toString(),
                Kind.OUTCOME,
                user,
                null,
                "signed-url",
                "supabase",
                1,
                10,
                success,
                success ? null : "SUPABASE_ERROR",
                null,
                Instant.now());
    }

    private static UsageEvent event(String user, Kind kind, long amount, String id) {
        return new UsageEvent(
                id, kind, user, null, "signed-url", "supabase", amount, 0, null, null, null, Instant.now());
    }

    /** A UUIDv7 of that time. */
    static UUID idAt(Instant time) {
        UUID now = IDS.generate();
        return new UUID(
                time.toEpochMilli() << 16 | (now.getMostSignificantBits() & 0xffff), now.getLeastSignificantBits());
    }

    private QuotaRow facts(String user) {
        record Facts(@Nullable QuotaRow quota) {}
        Facts facts = postgRest
                .rpc(
                        "edge_facts",
                        Collections.unmodifiableMap(nullable(user)),
                        new ParameterizedTypeReference<Facts>() {})
                .block();
        return facts == null || facts.quota() == null ? QuotaRow.NONE : facts.quota();
    }

    private static Map<String, @Nullable Object> nullable(String user) {
        Map<String, @Nullable Object> arguments = new HashMap<>();
        arguments.put("p_user_id", user);
        arguments.put("p_bucket", null);
        return arguments;
    }

    /** What the database says was used; -1 if there is no row. */
    public long current(String user) {
        return database.number("select coalesce((select current from public.user_quotas where user_id = ?), -1)", user);
    }

    long requests(String user) {
        return database.number("select coalesce(sum(requests), 0) from public.request_metrics where user_id = ?", user);
    }

    public @Nullable LedgerState state(String user) {
        return LedgerState.read(redis.client().hgetall(KeySpace.quota(user)));
    }

    long waiting() {
        return IntStream.range(0, KeySpace.PARTITIONS)
                .mapToLong(p -> redis.client().xlen(KeySpace.usage(p)))
                .sum();
    }

    private PostgRest postgRest() {
        WebClient client = WebClient.builder()
                .baseUrl(supabase.url() + "/rest/v1")
                .defaultHeader("apikey", supabase.serviceKey())
                .defaultHeader(HttpHeaders.AUTHORIZATION, "Bearer " + supabase.serviceKey())
                .build();
        return new PostgRest(client, new NoBreaker(), Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown();
        connector.shutdownNow();
        supabase.close();
        database.close();
        redis.close();
    }

    private static final class NoBreaker implements ReactiveCircuitBreaker {
        @Override
        public <T> Mono<T> run(Mono<T> toRun, @Nullable Function<Throwable, Mono<T>> fallback) {
            return toRun;
        }

        @Override
        public <T> Flux<T> run(Flux<T> toRun, @Nullable Function<Throwable, Flux<T>> fallback) {
            return toRun;
        }
    }
}
