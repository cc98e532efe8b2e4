package dev.sluice.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.embedded.core.ExecutableProvider;

/** Redis as a child process: the binary from embedded-redis, or the one that {@code sluice.test.redis.binary} names. */
final class RedisServerProcess implements RedisServer {

    private static final Path ROOT = Path.of("target", "redis").toAbsolutePath();
    private static @Nullable File unpacked;

    private final int port;
    private final List<String> settings;
    private final @Nullable String sentinel;
    private final Path directory;
    private @Nullable Process process;

    RedisServerProcess(int port, List<String> settings) {
        this(port, settings, null);
    }

    /** @param sentinel the configuration of a Sentinel, which keeps its state in that file; null for a server of data */
    RedisServerProcess(int port, List<String> settings, @Nullable String sentinel) {
        this.port = port;
        this.settings = settings;
        this.sentinel = sentinel;
        this.directory = ROOT.resolve(ProcessHandle.current().pid() + "-" + port);
        Runtime.getRuntime().addShutdownHook(new Thread(this::kill, "kill-redis-" + port));
    }

    @Override
    public void start() {
        try {
            Files.createDirectories(directory);
            List<String> command = new ArrayList<>(List.of(binary().getPath()));
            if (sentinel != null) {
                Path file = directory.resolve("sentinel.conf");
                if (Files.notExists(file)) {
                    Files.writeString(file, sentinel);
                }
                command.addAll(List.of(file.toString(), "--sentinel"));
            }
            command.addAll(List.of("--port", Integer.toString(port)));
            command.addAll(List.of("--bind", "127.0.0.1", "--dir", directory.toString()));
            command.addAll(settings);
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            directory.resolve("redis.log").toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static synchronized File binary() throws IOException {
        String own = System.getProperty("sluice.test.redis.binary", "");
        if (!own.isBlank()) {
            return new File(own).getAbsoluteFile();
        }
        if (unpacked == null) {
            Path directory = Files.createDirectories(
                    ROOT.resolve("binary-" + ProcessHandle.current().pid()));
            unpacked = ExecutableProvider.newJarResourceProvider(directory.toFile())
                    .get()
                    .getAbsoluteFile();
            unpacked.deleteOnExit();
        }
        return unpacked;
    }

    @Override
    public void kill() {
        Process running = process;
        if (running == null) {
            return;
        }
        running.destroyForcibly();
        try {
            if (!running.waitFor(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Redis " + running.pid() + " survived SIGKILL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process = null;
    }

    @Override
    public void freeze() {
        signal("-STOP");
    }

    @Override
    public void thaw() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            int status = new ProcessBuilder("kill", signal, Long.toString(pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("kill " + signal + " answered " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        Process running = process;
        return running != null && running.isAlive();
    }

    @Override
    public long pid() {
        Process running = process;
        if (running == null) {
            throw new IllegalStateException("Redis on port " + port + " is not running");
        }
        return running.pid();
    }

    @Override
    public String log() {
        try {
            return Files.readString(directory.resolve("redis.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
