package dev.sluice.bench;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A JVM under test, or one that tests, as a child process; what it prints is under {@code target/bench/}. */
final class Program implements AutoCloseable {

    static final Path DIRECTORY = Path.of("target", "bench").toAbsolutePath();
    static final Path JAVA = Path.of(System.getProperty("java.home"), "bin");

    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final double MICROS_PER_TICK =
            1e6 / Long.parseLong(Shell.run("getconf", "CLK_TCK").strip());
    private static final Pattern USED = Pattern.compile("used (\\d+)K");

    private final String name;
    private final int port;
    private final int managementPort;
    private final Process process;
    private final Thread reaper;

    private Program(String name, int port, int managementPort, Process process) {
        this.name = name;
        this.port = port;
        this.managementPort = managementPort;
        this.process = process;
        this.reaper = new Thread(process::destroyForcibly, "kill-" + name);
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /**
     * Starts a JVM on the tested core.
     *
     * @param jvm what runs it
     * @param managementPort 0 for none
     * @param heapMegabytes from its start on
     */
    static Program tested(
            Cores cores,
            Jvm jvm,
            String name,
            int port,
            int managementPort,
            int heapMegabytes,
            List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(jvm.bin().resolve("java").toString());
        command.addAll(jvm.options());
        command.addAll(
                List.of("-Xms" + heapMegabytes + "m", "-Xmx" + heapMegabytes + "m", "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(arguments);
        return new Program(name, port, managementPort, spawn(name, cores.tested(command)));
    }

    /** Starts a class of the test sources on the other cores. */
    static Program beside(Cores cores, String name, int port, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                JAVA.resolve("java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return new Program(name, port, 0, spawn(name, cores.others(command)));
    }

    private static Process spawn(String name, List<String> command) {
        try {
            File log = Files.createDirectories(DIRECTORY).resolve(name + ".log").toFile();
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until it answers {@code path} with anything that is no failure of its own. */
    Program awaitAnswer(int atPort, String path) {
        await(name + ", whose output is in " + DIRECTORY)
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(100))
                .failFast(name + " ended; its output is in " + DIRECTORY, () -> !process.isAlive())
                .until(() -> answers(atPort, path));
        return this;
    }

    private static boolean answers(int port, String path) {
        try {
            HttpURLConnection probe = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
            probe.setConnectTimeout(2_000);
            probe.setReadTimeout(2_000);
            try {
                return probe.getResponseCode() < 500;
            } finally {
                probe.disconnect();
            }
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Admissions that were decided elsewhere than in Redis, because that was too slow, since the start of an instance; 0 of
     * a program that has no such thing.
     */
    long decidedElsewhere() {
        if (managementPort == 0) {
            return 0;
        }
        String page = Shell.run("curl", "-fsS", managementUrl() + "/actuator/prometheus");
        return (long) page.lines()
                .filter(line -> line.startsWith("sluice_admission_total{") && !line.contains("source=\"redis\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }

    String managementUrl() {
        return "http://127.0.0.1:" + managementPort;
    }

    long pid() {
        return process.pid();
    }

    double cpuMicros() {
        return cpuMicros(pid());
    }

    /** User and system time of all threads of a process since its start (proc(5), fields 14 and 15). */
    static double cpuMicros(long pid) {
        return micros(read(pid, "stat"));
    }

    /** The same of any line in that form, a thread's for example. */
    static double micros(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * MICROS_PER_TICK;
    }

    /** Resident memory, in KiB. */
    long residentKib() {
        return read(pid(), "status")
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .map(line -> line.replaceAll("\\D", ""))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    /** What a full collection leaves in the heap, in KiB. */
    long liveHeapKib() {
        jcmd("GC.run");
        Matcher used = USED.matcher(jcmd("GC.heap_info"));
        return used.find() ? Long.parseLong(used.group(1)) : 0;
    }

    String jcmd(String... words) {
        List<String> command = new ArrayList<>(List.of(JAVA.resolve("jcmd").toString(), Long.toString(pid())));
        command.addAll(List.of(words));
        return Shell.run(command.toArray(String[]::new));
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file));
        } catch (IOException e) {
            throw new UncheckedIOException("Process " + pid + " has ended; its output is in " + DIRECTORY, e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new IllegalStateException(name + " survived SIGKILL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(reaper);
    }
}
