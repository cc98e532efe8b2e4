package dev.sluice.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of wrk: as many requests as are answered, over a number of connections, each with one request at a time. Its
 * latencies are those of a closed loop: while an answer is late, nothing else is asked on that connection.
 *
 * @param requests answered
 * @param micros how long it ran
 * @param p50 and the others: microseconds that so many requests did not exceed
 */
record Wrk(long requests, long micros, long p50, long p90, long p99, long p999) {

    private static final Path SCRIPT = Path.of("bench", "load.lua").toAbsolutePath();
    private static final Pattern FIGURES = Pattern.compile("figures( \\d+){8}");

    /**
     * Loads a server, as all users of the load in turn.
     *
     * @param cores where wrk runs
     * @throws IllegalStateException if an answer is not as the load expects it
     */
    static Wrk run(UnaryOperator<List<String>> cores, String url, Load load, int connections, int seconds) {
        return run(cores, url, load, Askers.ALL, connections, seconds);
    }

    static Wrk run(
            UnaryOperator<List<String>> cores, String url, Load load, Askers askers, int connections, int seconds) {
        try {
            Path body = Files.createTempFile("sluice-bench", ".body");
            try {
                Files.writeString(body, load.body());
                String output = run(cores.apply(List.of(
                        "wrk",
                        "-t1",
                        "-c" + connections,
                        "-d" + seconds + "s",
                        "--timeout",
                        "30s",
                        "-s",
                        SCRIPT.toString(),
                        url,
                        "--",
                        load.method(),
                        load.path(),
                        load.keys().prefix(),
                        Integer.toString(askers.first()),
                        Integer.toString(askers.count()),
                        body.toString())));
                return read(output, load);
            } finally {
                Files.delete(body);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static Wrk read(String output, Load load) {
        Matcher line = FIGURES.matcher(output);
        if (!line.find()) {
            throw new IllegalStateException("wrk failed:\n" + output);
        }
        long[] figures = Arrays.stream(line.group().split(" "))
                .skip(1)
                .mapToLong(Long::parseLong)
                .toArray();
        Wrk wrk = new Wrk(figures[0], figures[1], figures[4], figures[5], figures[6], figures[7]);
        boolean expected = load.refused() ? figures[2] >= wrk.requests - Keys.USERS : figures[2] == 0;
        if (figures[3] > 0 || !expected) {
            throw new IllegalStateException(load.method() + " " + load.path() + ": of " + wrk.requests + " answers "
                    + figures[2] + " were refusals, and " + figures[3] + " requests were not answered");
        }
        return wrk;
    }

    double rate() {
        return requests * 1e6 / micros;
    }
}
