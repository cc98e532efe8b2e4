package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** The routes file is changed under a running edge, as Kubernetes changes a ConfigMap: by turning a symbolic link. */
class RouteReloadIT {

    private static final String GUARDS =
            "Authenticate, MemoryGuard=signed-url, UploadIntent=body, RateLimit=signed-url,"
                    + " Quota=requests, BucketAccess=write, SupabaseSignedUrl=upload";
    private static final String SIGN =
            "{id: sign, uri: 'no://op', predicates: [Path=/v1/supabase/signed-url], filters: [" + GUARDS + "]}";
    private static final String UPLOAD = "{id: upload, uri: '${sluice.upload.backend}',"
            + " predicates: [Method=PUT, 'Path=/v1/upload/{bucket}/**'], filters: [Authenticate, MemoryGuard=upload,"
            + " UploadIntent=path, RateLimit=upload, Quota=requests, BucketAccess=write,"
            + " 'RewritePath=/v1/upload/(?<object>.*), /storage/v1/object/$\\{object}']}";
    private static final String USAGE =
            "{id: usage, uri: 'no://op', predicates: [Path=/v1/usage], filters: [Authenticate, Usage]}";
    private static final String PING = answering("ping", "SetStatus=204");
    private static final String LIMITS = "signed-url: {memory: 100000/1m, redis: 100000/1m}";
    private static final String GOOD = file(LIMITS, "", SIGN, UPLOAD, USAGE, PING);

    private static final int RELOADS = 31;
    private static final int CLIENTS = 4;

    @TempDir
    private static Path directory;

    private static final ListAppender<ILoggingEvent> LOGGED = new ListAppender<>();
    private static final AtomicInteger VERSION = new AtomicInteger();

    private static Stack stack;

    @BeforeAll
    static void start() throws IOException {
        turn(GOOD);
        Files.createSymbolicLink(routes(), Path.of("..data", "gateway-routes.yml"));
        stack = Stack.start(
                "SLUICE_ROUTES", routes().toString(),
                "sluice.routes.reload-interval", "10ms",
                "sluice.operations.delete.redis", "77/1m");
        LOGGED.start();
        ((Logger) LoggerFactory.getLogger(RouteReload.class)).addAppender(LOGGED);
        patiently().until(() -> serves(4));
        assertThat(health().path("status").asString()).isEqualTo("UP");
        assertThat(Instant.parse(health().path("details").path("looked").asString()))
                .isAfter(Instant.now().minusSeconds(60));
    }

    @AfterAll
    static void stop() {
        ((Logger) LoggerFactory.getLogger(RouteReload.class)).detachAppender(LOGGED);
        stack.close();
    }

    /** Every test begins with these four routes, and ends with another number or with a refused file. */
    @BeforeEach
    void begin() throws IOException {
        turn(GOOD);
        patiently().until(() -> serves(4));
        assertThat(gauge()).as("refused").isZero();
    }

    @Test
    void servesANewRouteAndNotWhatWasTakenOut() throws IOException {
        String more = answering("more", "SetStatus=202");
        assertThat(get("/more").status()).isEqualTo(404);

        reload(file(LIMITS, "", SIGN, PING, more));
        assertThat(get("/more").status()).isEqualTo(202);
        assertThat(get("/v1/usage").status()).isEqualTo(404);
        assertThat(health().at("/details/routes").asInt()).isEqualTo(3);

        reload(file(LIMITS, "", more));
        assertThat(get("/ping").status()).isEqualTo(404);
        assertThat(get("/more").status()).isEqualTo(202);
    }

    @Test
    void countsOnUnderALowerLimitAndUnderAHigherOne() throws IOException {
        String key = stack.user("counted", 1000);
        for (int i = 0; i < 5; i++) {
            assertThat(stack.sign(key, i + ".png").status()).isEqualTo(200);
        }

        reload(file("signed-url: {memory: 100000/1m, redis: 5/1m}", "", SIGN, USAGE));
        Answer overRedis = stack.sign(key, "6.png");
        assertThat(overRedis.code()).isEqualTo("RATE_LIMIT_REDIS");
        assertThat(overRedis.json().path("limit").asInt()).isEqualTo(5);

        reload(file("signed-url: {memory: 3/1m, redis: 100000/1m}", "", SIGN, USAGE));
        Answer overMemory = stack.sign(key, "7.png");
        assertThat(overMemory.code()).isEqualTo("RATE_LIMIT_MEMORY");
        assertThat(overMemory.json().path("limit").asInt()).isEqualTo(3);

        reload(file(LIMITS, "", SIGN, USAGE));
        assertThat(stack.sign(key, "8.png").status()).isEqualTo(200);
        assertThat(usage(key).at("/operations/signed-url/windows/0/used").asInt())
                .as("all that were admitted, over four versions of the file")
                .isEqualTo(6);
    }

    @Test
    void changesPlansAndTheDefaultLimitAndLeavesWhatTheEnvironmentSets() throws IOException {
        stack.grant("planned", Stack.BUCKET);
        String key = stack.supabase().createApiKey("planned", "pro");
        assertThat(usage(key).at("/quota/requests/limit").asInt()).isZero();

        reload(file(
                LIMITS + ", delete: {memory: 5/1m, redis: 6/1m}",
                "plans: {pro: {operations: {signed-url: {redis: 12/1m}}}}, quota: {default-limit: 40},",
                SIGN,
                USAGE));

        JsonNode usage = usage(key);
        assertThat(usage.at("/operations/signed-url/windows/0/limit").asInt()).isEqualTo(12);
        assertThat(usage.at("/operations/delete/instance/limit").asInt()).isEqualTo(5);
        assertThat(usage.at("/operations/delete/windows/0/limit").asInt()).isEqualTo(77);
        assertThat(usage.at("/quota/requests/limit").asInt()).isEqualTo(40);
        assertThat(stack.sign(key, "a.png").status()).isEqualTo(200);
    }

    @Test
    void tellsWhatIsReadAtTheNextStartOnly() throws IOException {
        reload(file(LIMITS, "cors: {max-age: 2h},", SIGN, PING) + "---\nlogging.level.mine: debug\n");

        assertThat(health().at("/details/readAtNextStart").valueStream().map(JsonNode::asString))
                .containsExactly("logging.level.mine", "sluice.cors.max-age");
        assertThat(health().path("status").asString()).isEqualTo("UP");
    }

    @Test
    void anUploadEndsOnTheRouteThatItBeganOn() throws IOException {
        String key = stack.user("uploader", 10);
        try (ByteClient client = ByteClient.connect(stack.edge().port())) {
            client.send("PUT /v1/upload/avatars/slow.txt HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                    + "\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nConnection: close\r\n\r\nhalf");
            patiently().until(() -> stack.current("uploader") == 1);

            reload(file("signed-url: {memory: 1/1m, redis: 1/1m}", "", PING));
            assertThat(get("/v1/upload/avatars/slow.txt").status()).isEqualTo(404);
            client.send("half");

            assertThat(client.rest().status()).isEqualTo(200);
        }
    }

    /** Routes come and go, limits change, shares of a weight move: what stays in the file is always served. */
    @Test
    void failsNoRequestInAStormOfReloads() throws Exception {
        String key = stack.user("storm", 1_000_000);
        String other = file(
                "signed-url: {memory: 90000/1m, redis: [90000/1m, 900000/1h]}, stormy: {memory: 1/1s, redis: 1/1s}",
                "",
                SIGN,
                weighted("left", 50),
                weighted("right", 50),
                answering("gone", "MemoryGuard=stormy", "SetStatus=204"),
                PING);
        String one = file(LIMITS, "", PING, weighted("left", 100), USAGE, SIGN);
        reload(one);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger served = new AtomicInteger();
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        double before = count("applied");
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(() -> {
                    while (!over.get()) {
                        expect(204, get("/ping"), failures);
                        expect(204, get("/weighted"), failures);
                        expect(200, stack.sign(key, "storm.png"), failures);
                        served.addAndGet(3);
                    }
                }));
            }
            for (int i = 0; i < RELOADS; i++) {
                reload(i % 2 == 0 ? other : one);
                int until = served.get() + CLIENTS;
                patiently().until(() -> served.get() > until || !failures.isEmpty());
            }
            over.set(true);
            for (Future<?> client : running) {
                client.get(60, TimeUnit.SECONDS);
            }
        } finally {
            over.set(true);
            clients.shutdownNow();
        }

        assertThat(failures).isEmpty();
        assertThat(count("applied") - before).isEqualTo(RELOADS);
    }

    static Stream<Map.Entry<String, String>> badFiles() {
        return Stream.of(
                Map.entry("", "is refused and changes nothing: It is empty."),
                Map.entry("# nothing but this\n", "It is empty."),
                Map.entry("sluice: {operations: {" + LIMITS + "}}", "It has no routes."),
                Map.entry(file(LIMITS, ""), "It has no routes."),
                Map.entry("spring: {cloud: [", "It is no YAML: line 1, column 18: "),
                Map.entry(GOOD + "\nspring: {}\n", "It is no YAML: line "),
                Map.entry("just words", "It has no routes."),
                Map.entry(
                        GOOD + "\n---\nspring.config.import: file:more.yml\n",
                        "The file has spring.config.import, which could not be followed."),
                bad(PING + ", " + PING, "Two routes have the id 'ping'."),
                bad("{uri: 'no://op', predicates: [Path=/x]}", "The route to no://op has no id."),
                bad("{id: x, uri: 'no://op'}", "Route 'x' has no predicates: it would match every request."),
                bad("{id: x, uri: 'no://op', predicates: []}", "Route 'x' has no predicates"),
                bad("{id: x, uri: 'no://op', predicate: [Path=/x]}", "Did you mean 'predicates'? Known here: "),
                bad(
                        "{id: x, uri: 'no://op', predicates: [Path=/x], filter: [Authenticate]}",
                        "Route 'x' has an unknown setting 'filter' (" + routes() + " - "),
                bad(
                        "{id: x, uri: 'no://op', predicates: [Path=/x], filters: {Authenticate: users}}",
                        "Route 'x' has an unknown setting 'filters.Authenticate'"),
                bad(
                        "{id: x, uri: 'no://op', predicates: [Path=/x], metadata: {cors: '*'}}",
                        "Route 'x': the gateway cannot read its metadata cors."),
                Map.entry("a: &a {b: *a}\n" + GOOD, "when its aliases are written out."),
                bad(answering("x", "Nope=1"), "Route 'x': there is no filter Nope."),
                bad(
                        answering("x", "RateLimit=nothing"),
                        "Route 'x', filter RateLimit: There is no operation 'nothing'"),
                bad(
                        answering("x", "'RateLimit=upload,5'"),
                        "Route 'x': the filter RateLimit has no argument number 2."),
                bad(
                        answering("x", "Authenticate", "{name: Quota, args: {unit: requests, cosst: 5}}"),
                        "Route 'x': the filter Quota has no argument 'cosst'."),
                bad(answering("x", "Authenticate", "Quota=miles"), "Route 'x', filter Quota: "),
                bad(answering("x", "SetStatus=often"), "Route 'x', filter SetStatus: "),
                bad(
                        answering("x", "{name: RateLimit, args: {operation: upload, mode: shadowy}}"),
                        "Route 'x', filter RateLimit: "),
                bad(answering("x", "{name: RateLimit, args: {operation: upload, rates: 5/1m}}"), "need mode: shadow"),
                bad(
                        answering("x", "{name: RateLimit, args: {operation: upload, mode: shadow, rates: often}}"),
                        "'often' is not a rate: write <requests>/<number><s|m|h|d>"),
                bad(
                        answering("x", "{name: MemoryGuard, args: {operation: upload, mode: shadow, rate: 0/1m}}"),
                        "Route 'x', filter MemoryGuard: "),
                bad(
                        answering(
                                "x", "Authenticate", "{name: Quota, args: {unit: requests, mode: enforce, limit: 5}}"),
                        "Route 'x', filter Quota: "),
                bad(
                        answering("x", "{name: UploadIntent, args: {from: body, mode: shadow}}"),
                        "Route 'x': the filter UploadIntent has no argument 'mode'."),
                bad(
                        answering(
                                "x",
                                "{name: RequestRateLimiter, args: {key-resolver: '#{@principalNameKeyResolver}',"
                                        + " redis-rate-limiter.replenishRate: 0}}"),
                        "Route 'x' has arguments that a filter refuses: "),
                bad(
                        answering("x", "SupabaseSignedUrl=upload"),
                        "Route 'x': the filter SupabaseSignedUrl needs UploadIntent"),
                bad(
                        "{id: x, uri: 'no://op', predicates: [Nowhere=/x]}",
                        "Route 'x', predicate Nowhere: Unable to find"),
                bad(
                        "{id: x, uri: 'no://op', predicates: [/x]}",
                        "Route 'x': spring.cloud.gateway.server.webflux.routes[1]."),
                bad("{id: x, predicates: [Path=/x]}", "Route 'x': "),
                bad("{id: x, uri: 'ht tp://x', predicates: [Path=/x]}", "routes.yml - "),
                Map.entry(
                        file("signed-url: {memory: lots}", "", PING),
                        "sluice.operations.signed-url.memory (" + routes() + " - "),
                Map.entry(
                        file(LIMITS + ", upload: {rediss: 5/1m}", "", PING),
                        "Operation 'upload' has an unknown setting 'rediss' (" + routes() + " - "),
                Map.entry(
                        file(LIMITS, "plans: {pro: {operations: {upload: {max_sise: 5MB}}}},", PING),
                        "Plan 'pro' has an unknown setting 'operations.upload.max_sise' ("),
                Map.entry(
                        file(LIMITS, "operatons: {upload: {redis: 5/1m}},", PING),
                        "sluice has an unknown setting 'operatons' (" + routes() + " - 1:"),
                Map.entry(
                        GOOD + "---\nspring.cloud.gateway.server.webflux.rotues: [" + PING + "]\n",
                        "webflux has an unknown setting 'rotues' (" + routes() + " - "),
                Map.entry(
                        GOOD + "---\nspring.cloud.gateway.server.webflux.rotues: [" + PING + "]\n",
                        "Did you mean 'routes'?"),
                Map.entry(
                        file(LIMITS + ", other: {memory: 5/1m}", "", PING),
                        "sluice.operations.other.redis must be set"),
                Map.entry(
                        file(LIMITS, "plans: {pro: {operations: {uplaod: {memory: 5/1m}}}},", PING),
                        "sluice.plans.pro.operations.uplaod overrides an operation that does not exist"),
                Map.entry(
                        file(LIMITS, "quota: {default-limit: -1},", PING),
                        "sluice.quota.default-limit must be 0 or more"),
                Map.entry("#".repeat(RoutesFile.MAX_BYTES + 1), "It cannot be read: it is larger than 1048576 bytes."));
    }

    @ParameterizedTest
    @MethodSource("badFiles")
    void refusesABadFileAsAWholeWithOneLineThatSaysWhatToMend(Map.Entry<String, String> bad) throws IOException {
        double applied = count("applied");
        double refused = count("refused");
        LOGGED.list.clear();

        judged(bad.getKey());

        assertThat(messages()).hasSize(1).first().asString().contains(routes().toString(), bad.getValue());
        assertThat(health().path("status").asString()).isEqualTo("DEGRADED");
        assertThat(gauge()).isOne();
        assertThat(health().at("/details/refused").asString()).isNotBlank();
        assertThat(health().at("/details/file").asString()).isEqualTo(routes().toString());
        assertThat(get("/ping").status()).isEqualTo(204);
        assertThat(health().at("/details/routes").asInt()).isEqualTo(4);
        assertThat(get("/x").status()).isEqualTo(404);
        assertThat(count("applied")).isEqualTo(applied);
        assertThat(count("refused")).as("once for one content").isEqualTo(refused + 1);
    }

    @Test
    void refusesAFileThatIsGoneAndTellsNoValueInTheHealth() throws IOException {
        Files.delete(directory.resolve("..data"));
        patiently().until(() -> health().at("/details/refused").asString().equals("It is gone."));
        assertThat(get("/ping").status()).isEqualTo(204);

        judged(file(LIMITS, "", PING, answering("x", "SetStatus=confidential")));
        assertThat(health().at("/details/refused").asString()).isEqualTo("Route 'x', filter SetStatus.");
        assertThat(messages().get(messages().size() - 1)).containsIgnoringCase("confidential");
    }

    private static Map.Entry<String, String> bad(String route, String message) {
        return Map.entry(file(LIMITS, "", PING, route), message);
    }

    /** A routes file; {@code settings} end in a comma. */
    private static String file(String operations, String settings, String... routes) {
        return "sluice: {" + settings + " operations: {" + operations + "}}\n"
                + "spring: {cloud: {gateway: {server: {webflux: {routes: [" + String.join(",\n  ", routes) + "]}}}}}\n";
    }

    private static String answering(String id, String... filters) {
        return "{id: " + id + ", uri: 'no://op', predicates: [Path=/" + id + "], filters: ["
                + String.join(", ", filters) + "]}";
    }

    private static String weighted(String id, int weight) {
        return "{id: " + id + ", uri: 'no://op', predicates: [Path=/weighted, 'Weight=sides, " + weight
                + "'], filters: [SetStatus=204]}";
    }

    private static Path routes() {
        return directory.resolve("gateway-routes.yml");
    }

    /** A directory of its own for each version, and one link to the newest. */
    private static void turn(String yaml) throws IOException {
        Path version = Files.createDirectory(directory.resolve("..version-" + VERSION.incrementAndGet()));
        Files.writeString(version.resolve("gateway-routes.yml"), yaml);
        Path link = Files.createSymbolicLink(directory.resolve("..next"), version.getFileName());
        Files.move(link, directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Changes the file and waits until what it says holds. */
    private static void reload(String yaml) throws IOException {
        assertThat(judged(yaml).refused()).isNull();
    }

    /** Changes the file and waits until it is known what becomes of that. */
    private static RouteReload.State judged(String yaml) throws IOException {
        RouteReload reload = stack.edge().bean(RouteReload.class);
        RouteReload.State before = reload.state();
        turn(yaml);
        return patiently().until(reload::state, state -> state != before);
    }

    private static boolean serves(int routes) {
        RouteReload.State state = stack.edge().bean(RouteReload.class).state();
        return state.routes() == routes && state.refused() == null;
    }

    private static double count(String outcome) {
        return stack.edge()
                .bean(MeterRegistry.class)
                .get("sluice.routes.reload")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private static double gauge() {
        return stack.edge()
                .bean(MeterRegistry.class)
                .get("sluice.routes.refused")
                .gauge()
                .value();
    }

    private static List<String> messages() {
        return List.copyOf(LOGGED.list).stream()
                .filter(event -> event.getLevel() == Level.WARN)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private static JsonNode health() {
        return stack.health().json().at("/components/routes");
    }

    private static JsonNode usage(String key) {
        return stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/usage"))
                        .header("X-API-Key", key)
                        .build())
                .json();
    }

    private static Answer get(String path) {
        return stack.send(
                HttpRequest.newBuilder(URI.create(stack.edge().url() + path)).build());
    }

    private static void expect(int status, Answer answer, Queue<String> failures) {
        if (answer.status() != status) {
            failures.add(answer.response() + " " + answer.body());
        }
    }

    private static ConditionFactory patiently() {
        return await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5));
    }
}
