package dev.sluice.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One run.
 *
 * @param seconds of each measurement
 * @param rounds in each of which all programs are measured
 * @param connections of the closed loop, each with one request at a time
 * @param uploadMegabytes of one large upload
 * @param targets the numbers of those that are measured
 * @param profile whether the hot path is profiled too
 */
record Plan(int seconds, int rounds, int connections, int uploadMegabytes, Set<Integer> targets, boolean profile) {

    static final int TARGETS = 9;

    private static final String ALL = "all";

    private static final String USAGE = """
            usage: bench/run [--seconds N] [--rounds N] [--connections N] [--upload-megabytes N] [--only N,N,…] [--profile]
            defaults: 10 seconds, 5 rounds, 64 connections, 1024 MiB, all targets
            targets: 1 signed URL, 2 proxied request, 3 refusal, 4 allocation, 5 usage keeps up, 6 delays at a constant rate,
                     7 uploads, 8 cost in Redis, 9 start""";

    Plan {
        if (seconds < 1
                || rounds < 1
                || connections < 1
                || uploadMegabytes < 1
                || targets.isEmpty()
                || targets.stream().anyMatch(target -> target > TARGETS)) {
            throw new IllegalArgumentException(USAGE);
        }
    }

    /** @throws IllegalArgumentException with the usage, if an argument is unknown or has no such value */
    static Plan of(String... arguments) {
        List<String> left = new ArrayList<>(Arrays.asList(arguments));
        boolean profile = left.remove("--profile");
        String seconds = take(left, "--seconds", "10");
        String rounds = take(left, "--rounds", "5");
        String connections = take(left, "--connections", "64");
        String megabytes = take(left, "--upload-megabytes", "1024");
        String only = take(left, "--only", ALL);
        if (!left.isEmpty()) {
            throw new IllegalArgumentException(USAGE);
        }
        Set<Integer> targets = only.equals(ALL)
                ? IntStream.rangeClosed(1, TARGETS).boxed().collect(Collectors.toSet())
                : Arrays.stream(only.split(",")).map(Plan::number).collect(Collectors.toSet());
        return new Plan(
                number(seconds),
                number(rounds),
                number(connections),
                number(megabytes),
                new TreeSet<>(targets),
                profile);
    }

    private static String take(List<String> arguments, String name, String otherwise) {
        int at = arguments.indexOf(name);
        if (at < 0) {
            return otherwise;
        }
        if (at + 1 == arguments.size()) {
            throw new IllegalArgumentException(USAGE);
        }
        arguments.remove(at);
        return arguments.remove(at);
    }

    private static int number(String text) {
        if (!text.matches("[1-9]\\d{0,5}")) {
            throw new IllegalArgumentException(USAGE);
        }
        return Integer.parseInt(text);
    }

    boolean has(Integer... some) {
        return Arrays.stream(some).anyMatch(targets::contains);
    }
}
