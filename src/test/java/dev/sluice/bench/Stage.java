package dev.sluice.bench;

import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Ports;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisData;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** All processes of a run. The peers have a Redis of their own, so that what Sluice does in the background is not theirs. */
final class Stage implements AutoCloseable {

    static final int HEAP_MEGABYTES = 512;

    private static final Path APP = Program.DIRECTORY.resolve("app");
    private static final String PEERS = Program.DIRECTORY.resolve("peers") + ":" + APP.resolve("lib") + "/*";
    private static final String UNLIMITED = "1000000000/1m";
    private static final String SIGNER = "sluice.signed-url.signer";

    private final Cores cores = Cores.ofThisMachine();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private final Redis peersRedis;
    private final Redis sluiceRedis;
    private final Program standIn;

    private Stage() {
        cores.moveToOthers(ProcessHandle.current().pid());
        peersRedis = redis();
        sluiceRedis = redis();
        int port = Ports.free();
        standIn = keep(Program.beside(cores, "stand-in", port, StandIn.class, Integer.toString(port)))
                .awaitAnswer(port, "/control");
    }

    static Stage start() {
        return new Stage();
    }

    /** A server more, which ends with the stage. */
    Redis redis() {
        Redis made = Redis.start();
        started.push(made);
        cores.moveToOthers(made.pid());
        return made;
    }

    /** Three masters, which end with the stage. */
    RedisCluster cluster() {
        RedisCluster made = RedisCluster.start();
        started.push(made);
        made.nodes().forEach(node -> cores.moveToOthers(node.pid()));
        return made;
    }

    private Program keep(Program program) {
        started.push(program);
        return program;
    }

    Cores cores() {
        return cores;
    }

    Program standIn() {
        return standIn;
    }

    RedisCommands<String, String> peersRedis() {
        return peersRedis.client();
    }

    RedisCommands<String, String> sluiceRedis() {
        return sluiceRedis.client();
    }

    Program netty() {
        return peer("netty", HEAP_MEGABYTES, "BareNetty", peersRedis.uri());
    }

    Program webFlux() {
        return peer("webflux", HEAP_MEGABYTES, "BareWebFlux", peersRedis.uri());
    }

    Program gateway(String name, int heapMegabytes) {
        return peer(name, heapMegabytes, "Gateway", peersRedis.uri(), standIn.url(), "plain");
    }

    Program limiter() {
        return peer("limiter", HEAP_MEGABYTES, "Gateway", peersRedis.uri(), standIn.url(), "limiter");
    }

    private Program peer(String name, int heapMegabytes, String main, String... arguments) {
        int port = Ports.free();
        List<String> command =
                new ArrayList<>(List.of("-cp", PEERS, "dev.sluice.peers." + main, Integer.toString(port)));
        command.addAll(List.of(arguments));
        return keep(Program.tested(cores, Jvm.OF_ALL, name, port, 0, heapMegabytes, command))
                .awaitAnswer(port, "/nothing");
    }

    /**
     * An instance as it is shipped, whose limits are evaluated and never reached, but by {@link Keys#REFUSED}. Redis may take
     * longer than by default: after one answer that is late the circuit opens, and what is measured then is another way.
     */
    Program sluice(String name, int heapMegabytes, String signer) {
        return sluice(Jvm.OF_ALL, sluiceRedis, name, heapMegabytes, Map.of(SIGNER, signer));
    }

    /** An instance that has a Redis to itself, so that its background is its own. */
    Program sluiceAlone(Jvm jvm, String name) {
        return sluice(jvm, redis(), name, HEAP_MEGABYTES, Map.of());
    }

    /** An instance on any Redis, with the signer {@code local}; {@code settings} come before those of the stage. */
    Program sluice(RedisData redis, String name, int heapMegabytes, Map<String, String> settings) {
        return sluice(Jvm.OF_ALL, redis, name, heapMegabytes, settings);
    }

    private Program sluice(Jvm jvm, RedisData redis, String name, int heapMegabytes, Map<String, String> own) {
        int port = Ports.free();
        int management = Ports.free();
        Map<String, String> settings = new LinkedHashMap<>(redis.settings());
        settings.put("server.port", Integer.toString(port));
        settings.put("management.server.port", Integer.toString(management));
        settings.put("sluice.supabase.url", standIn.url());
        settings.put("sluice.supabase.service-key", "sb_secret_bench");
        settings.put("sluice.supabase.jwt-secret", "a-secret-of-the-benchmark-with-enough-characters");
        settings.put(SIGNER, "local");
        settings.put(
                "sluice.journal.directory",
                Program.DIRECTORY.resolve("journal-" + name).toString());
        settings.put("sluice.redis.timeout", "1s");
        settings.put("sluice.operations.signed-url.memory", UNLIMITED);
        settings.put("sluice.operations.signed-url.redis", UNLIMITED);
        settings.put("sluice.operations.upload.memory", UNLIMITED);
        settings.put("sluice.operations.upload.redis", UNLIMITED);
        settings.put("sluice.plans." + Keys.REFUSED_PLAN + ".operations.signed-url.memory", "1/1d");
        settings.putAll(own);
        List<String> command =
                new ArrayList<>(List.of("-jar", APP.resolve("sluice.jar").toString()));
        settings.forEach((setting, value) -> command.add("--" + setting + "=" + value));
        return keep(Program.tested(cores, jvm, name, port, management, heapMegabytes, command))
                .awaitAnswer(management, "/actuator/health/readiness");
    }

    /** Runs the open loop against a program, and answers its line. */
    String openLoop(Program target, int rate, int seconds, int connections) {
        return Shell.run(cores.others(List.of(
                        Program.JAVA.resolve("java").toString(),
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OpenLoop.class.getName(),
                        Integer.toString(target.port()),
                        Integer.toString(rate),
                        Integer.toString(seconds),
                        Integer.toString(connections)))
                .toArray(String[]::new));
    }

    /** Ends a program before the run does. */
    void end(Program program) {
        started.remove(program);
        program.close();
    }

    /** Sets how long the stand-in takes, in milliseconds: storage, the database's functions, and of these apply_usage. */
    void delays(int storage, int database, int apply) {
        control("/" + storage + "/" + database + "/" + apply);
    }

    StandInCounts counts() {
        return control("");
    }

    private StandInCounts control(String order) {
        try {
            URI target = URI.create(standIn.url() + "/control" + order);
            return StandInCounts.read(http.send(HttpRequest.newBuilder(target).build(), BodyHandlers.ofString())
                    .body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Usage events that are in Sluice's Redis and not applied yet. */
    long backlog() {
        return backlog(sluiceRedis);
    }

    private static long backlog(RedisData redis) {
        return IntStream.range(0, KeySpace.PARTITIONS)
                .mapToLong(partition -> redis.client().xlen(KeySpace.usage(partition)))
                .sum();
    }

    /** Waits until all usage events in Sluice's Redis are applied, and answers how long that took. */
    Duration drain() {
        return drain(sluiceRedis);
    }

    static Duration drain(RedisData redis) {
        long since = System.nanoTime();
        await("usage events are applied")
                .atMost(Duration.ofMinutes(3))
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> backlog(redis) == 0);
        return Duration.ofNanos(System.nanoTime() - since);
    }

    @Override
    public void close() {
        while (!started.isEmpty()) {
            try {
                started.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
