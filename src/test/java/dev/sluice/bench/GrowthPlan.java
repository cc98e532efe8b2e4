package dev.sluice.bench;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One run of {@code bench/growth}.
 *
 * @param measured how long and how often each figure is measured
 * @param parts that are measured
 * @param routes numbers of routes
 * @param users numbers of known users, ascending
 * @param ledgers that the reconciler finds
 */
record GrowthPlan(Plan measured, Set<Part> parts, List<Integer> routes, List<Integer> users, int ledgers) {

    enum Part {
        ROUTES,
        USERS,
        INSTANCES,
        MASTERS,
        RECONCILER
    }

    private static final String USAGE = """
            usage: bench/growth [--seconds N] [--rounds N] [--connections N] [--only PART,PART,…]
                                [--routes N,N,…] [--users N,N,…] [--ledgers N]
            defaults: 5 seconds, 3 rounds, 64 connections, all parts; 1,10,100,1000 routes; 1,10000,100000,200000 users,
                      where 1000000 is for who has half an hour; 1000000 ledgers
            parts: routes, users, instances, masters, reconciler""";

    GrowthPlan {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException(USAGE);
        }
        routes = List.copyOf(routes);
        users = users.stream().sorted().toList();
    }

    /** @throws IllegalArgumentException with the usage, if an argument is unknown or has no such value */
    static GrowthPlan of(String... arguments) {
        String seconds = "5";
        String rounds = "3";
        String connections = "64";
        Set<Part> parts = EnumSet.allOf(Part.class);
        List<Integer> routes = List.of(1, 10, 100, 1_000);
        List<Integer> users = List.of(1, 10_000, 100_000, 200_000);
        int ledgers = 1_000_000;
        for (int i = 0; i < arguments.length; i += 2) {
            String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--seconds" -> seconds = value;
                case "--rounds" -> rounds = value;
                case "--connections" -> connections = value;
                case "--only" -> parts = EnumSet.copyOf(list(value, GrowthPlan::part));
                case "--routes" -> routes = list(value, GrowthPlan::number);
                case "--users" -> users = list(value, GrowthPlan::number);
                case "--ledgers" -> ledgers = number(value);
                default -> throw new IllegalArgumentException(USAGE);
            }
        }
        return new GrowthPlan(measured(seconds, rounds, connections), parts, routes, users, ledgers);
    }

    private static Plan measured(String seconds, String rounds, String connections) {
        try {
            return Plan.of("--seconds", seconds, "--rounds", rounds, "--connections", connections);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(USAGE, e);
        }
    }

    private static <T> List<T> list(String text, Function<String, T> item) {
        return Arrays.stream(text.split(",")).map(item).collect(Collectors.toList());
    }

    private static Part part(String text) {
        return Arrays.stream(Part.values())
                .filter(part -> part.name().toLowerCase(Locale.ROOT).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(USAGE));
    }

    private static int number(String text) {
        if (!text.matches("[1-9]\\d{0,6}")) {
            throw new IllegalArgumentException(USAGE);
        }
        return Integer.parseInt(text);
    }
}
