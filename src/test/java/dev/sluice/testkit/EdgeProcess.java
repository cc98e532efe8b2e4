package dev.sluice.testkit;

import static org.awaitility.Awaitility.await;

import dev.sluice.SluiceApplication;
import dev.sluice.testkit.supabase.LocalSupabase;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A whole Sluice in a process of its own, which can be ended, killed, frozen and started again on the same ports with the
 * same journal. Output and journal are under {@code target/edges/}; the process ends with the test JVM.
 */
public final class EdgeProcess implements AutoCloseable {

    private static final Path JAR = Path.of("target", "sluice.jar").toAbsolutePath();
    private static final Path ROOT = Path.of("target", "edges").toAbsolutePath();
    private static final Duration READY_LIMIT = Duration.ofMinutes(3);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);
    private static final int PROBE_MILLIS = 2_000;

    private final int port;
    private final int managementPort;
    private final Path directory;
    private final List<String> command;
    private final Thread reaper = new Thread(this::kill, "kill-edge");
    private @Nullable Process process;

    private EdgeProcess(List<String> program, Map<String, Object> properties) {
        port = Ports.free();
        managementPort = Ports.free();
        try {
            directory =
                    Files.createDirectories(ROOT.resolve(ProcessHandle.current().pid() + "-" + port));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        properties.put("server.port", port);
        properties.put("management.server.port", managementPort);
        properties.put("sluice.journal.directory", directory.resolve("journal"));
        command = command(program, properties);
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /**
     * Starts an instance and does not wait for it; {@code settings} are further properties, as pairs of name and value. Its
     * ports and its journal are its own.
     */
    public static EdgeProcess start(RedisServers redis, LocalSupabase supabase, String... settings) {
        return start(List.of("-cp", classPath(), SluiceApplication.class.getName()), redis, supabase, settings);
    }

    /** As {@link #start}, from the jar that {@code mvn package} made, and as on one core. */
    public static EdgeProcess startJar(RedisServers redis, LocalSupabase supabase, String... settings) {
        return start(List.of("-XX:ActiveProcessorCount=1", "-jar", JAR.toString()), redis, supabase, settings);
    }

    private static EdgeProcess start(
            List<String> program, RedisServers redis, LocalSupabase supabase, String... settings) {
        EdgeProcess edge = new EdgeProcess(program, Edge.properties(redis, supabase, settings));
        edge.restart();
        return edge;
    }

    /** Kills the instance if it runs, and starts it again, without waiting, with what its journal holds. */
    public synchronized void restart() {
        kill();
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until the instance says that it may be sent requests; fails with its output if it ends or takes too long. */
    public EdgeProcess awaitReady() {
        await("readiness of the instance, whose output is in " + logFile())
                .atMost(READY_LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .failFast("the instance ended; its output is in " + logFile(), () -> !isRunning())
                .until(() -> readiness() == 200);
        return this;
    }

    /** The status of the management port's readiness now; 0 if it does not answer. */
    public int readiness() {
        try {
            HttpURLConnection probe = (HttpURLConnection) URI.create(managementUrl() + "/actuator/health/readiness")
                    .toURL()
                    .openConnection();
            probe.setConnectTimeout(PROBE_MILLIS);
            probe.setReadTimeout(PROBE_MILLIS);
            try {
                return probe.getResponseCode();
            } finally {
                probe.disconnect();
            }
        } catch (IOException e) {
            return 0;
        }
    }

    /** Asks the instance to end, as Kubernetes does (SIGTERM), and does not wait. */
    public void terminate() {
        Signal.TERM.send(pid());
    }

    /** The exit status; fails if the instance has not ended within {@code limit}. 143 says that SIGTERM ended it. */
    public int awaitExit(Duration limit) {
        Process running = running();
        try {
            if (!running.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("Still running after " + limit + "; the output is in " + logFile());
            }
            return running.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Ends the instance as a crash would (SIGKILL); no effect on one that has ended. */
    public synchronized void kill() {
        Process running = process;
        if (running == null) {
            return;
        }
        running.destroyForcibly();
        try {
            if (!running.waitFor(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("Process " + running.pid() + " survived SIGKILL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops the instance from running without closing its connections (SIGSTOP). */
    public void freeze() {
        Signal.STOP.send(pid());
    }

    /** Ends {@link #freeze()}. */
    public void thaw() {
        Signal.CONT.send(pid());
    }

    public synchronized boolean isRunning() {
        return process != null && process.isAlive();
    }

    public long pid() {
        return running().pid();
    }

    public int port() {
        return port;
    }

    public int managementPort() {
        return managementPort;
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    public String managementUrl() {
        return "http://127.0.0.1:" + managementPort;
    }

    /** Where the instance keeps its journal; empty or missing if it never needed one. */
    public Path journal() {
        return directory.resolve("journal");
    }

    /** What the instance has printed, over all of its starts. */
    public String log() {
        try {
            return Files.readString(logFile());
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Path logFile() {
        return directory.resolve("sluice.log");
    }

    /** Kills the instance if it runs; fails if it has printed a secret. */
    @Override
    public void close() {
        kill();
        Runtime.getRuntime().removeShutdownHook(reaper);
        Secrets.ofThisRun().assertNotIn(log());
    }

    private synchronized Process running() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("The instance on port " + port + " was never started");
        }
        return running;
    }

    private static List<String> command(List<String> program, Map<String, Object> properties) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(program);
        properties.forEach((name, value) -> command.add("--" + name + "=" + value));
        return command;
    }

    /** This JVM's, without the tests: what is started is what is shipped. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).endsWith("test-classes"))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
