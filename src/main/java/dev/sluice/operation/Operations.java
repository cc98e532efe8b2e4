package dev.sluice.operation;

import dev.sluice.operation.OperationProperties.Limits;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.unit.DataSize;

/**
 * All operations with their limits, for each plan. Names that differ only in dashes, underscores and case are the same:
 * an environment variable cannot carry a dash, so {@code SLUICE_OPERATIONS_SIGNEDURL_MEMORY} means {@code signed-url}.
 */
public final class Operations {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /** By {@link #uniform} name. */
    private final Map<String, Operation> byDefault;

    /** The {@link #uniform} name of each operation, as every request asks for it. */
    private final Map<String, String> uniformNames;

    /** By {@link #uniform} name of the plan, then of the operation; holds every operation. */
    private final Map<String, Map<String, Operation>> byPlan = new TreeMap<>();

    /**
     * As the environment's files and variables set them.
     *
     * @throws IllegalArgumentException naming the property that is missing or wrong, its form and an example
     * @throws org.springframework.boot.context.properties.bind.BindException if a limit cannot be read
     */
    public static Operations of(ConfigurableEnvironment environment) {
        return new Operations(new EnvironmentLimits(environment).all());
    }

    /** @throws IllegalArgumentException naming the property that is missing or wrong, its form and an example */
    public Operations(OperationProperties properties) {
        byDefault = operations("sluice.operations", properties.operations(), Map.of());
        uniformNames = byDefault.values().stream()
                .map(Operation::name)
                .collect(Collectors.toUnmodifiableMap(name -> name, Operations::uniform));
        Map<String, String> names = new LinkedHashMap<>();
        Map<String, Map<String, Limits>> overrides = new LinkedHashMap<>();
        properties.plans().forEach((plan, limits) -> {
            names.putIfAbsent(uniform(plan), plan);
            Map<String, Limits> merged = overrides.computeIfAbsent(uniform(plan), key -> new LinkedHashMap<>());
            limits.operations().forEach((operation, limit) -> merged.merge(uniform(operation), limit, Limits::orElse));
        });
        overrides.forEach((plan, limits) ->
                byPlan.put(plan, operations("sluice.plans." + names.get(plan) + ".operations", limits, byDefault)));
    }

    /**
     * The operation of that name as it is without a plan.
     *
     * @throws IllegalArgumentException listing the known names, so that a route which names another stops the start
     */
    public Operation get(String name) {
        return get(name, null);
    }

    /** The operation of that name as the plan has it; a plan without overrides, or none, has the defaults. */
    public Operation get(String name, @Nullable String plan) {
        Map<String, Operation> operations =
                plan == null || byPlan.isEmpty() ? byDefault : byPlan.getOrDefault(uniform(plan), byDefault);
        String known = uniformNames.get(name);
        Operation operation = operations.get(known == null ? uniform(name) : known);
        if (operation == null) {
            throw new IllegalArgumentException(
                    "There is no operation '" + name + "'; known: " + names(byDefault) + "; set sluice.operations."
                            + name + ".memory (for example 100/1m) and .redis (for example 200/1m) to add it");
        }
        return operation;
    }

    /** Every operation as the plan has it, by name. */
    public List<Operation> all(@Nullable String plan) {
        return byDefault.values().stream()
                .map(operation -> get(operation.name(), plan))
                .sorted(Comparator.comparing(Operation::name))
                .toList();
    }

    /** Every operation as it is without a plan and as each plan has it, the same one once. */
    public Set<Operation> ofEveryPlan() {
        Set<Operation> all = new LinkedHashSet<>(byDefault.values());
        byPlan.values().forEach(operations -> all.addAll(operations.values()));
        return all;
    }

    /** The limit of one instance. */
    public Rate memory(String operation, @Nullable String plan) {
        return get(operation, plan).memory();
    }

    /** The limits over all instances, shortest window first. */
    public List<Rate> redis(String operation, @Nullable String plan) {
        return get(operation, plan).redis();
    }

    /** The most bytes that one request may store; null for no limit. */
    public @Nullable Long maxSize(String operation, @Nullable String plan) {
        DataSize size = get(operation, plan).maxSize();
        return size == null ? null : size.toBytes();
    }

    /** The limits of {@code base}, which is empty only for the defaults, changed by {@code configured}. */
    private static Map<String, Operation> operations(
            String property, Map<String, Limits> configured, Map<String, Operation> base) {
        Map<String, String> names = new TreeMap<>();
        Map<String, Limits> merged = new TreeMap<>();
        configured.forEach((name, limits) -> {
            names.merge(uniform(name), name, (a, b) -> a.length() >= b.length() ? a : b);
            merged.merge(uniform(name), limits, Limits::orElse);
        });
        Map<String, Operation> operations = new TreeMap<>(base);
        merged.forEach((key, limits) -> {
            Operation known = base.get(key);
            if (known == null && !base.isEmpty()) {
                throw new IllegalArgumentException(property + "." + names.get(key)
                        + " overrides an operation that does not exist; known: " + names(base));
            }
            String name = known == null ? names.getOrDefault(key, key) : known.name();
            operations.put(key, operation(property + "." + name, name, limits, known));
        });
        return Map.copyOf(operations);
    }

    private static Operation operation(String property, String name, Limits limits, @Nullable Operation known) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    property + ": an operation's name is 1 to 64 letters, digits and dashes, for example signed-url");
        }
        Rate memory = limits.memory() != null ? limits.memory() : known == null ? null : known.memory();
        List<Rate> redis = limits.redis() != null && !limits.redis().isEmpty()
                ? limits.redis()
                : known == null ? null : known.redis();
        if (memory == null) {
            throw new IllegalArgumentException(
                    property + ".memory must be set to a rate <requests>/<number><s|m|h|d>, for example 100/1m");
        }
        if (redis == null) {
            throw new IllegalArgumentException(property
                    + ".redis must be set to rates <requests>/<number><s|m|h|d>, for example 200/1m or 10/1s, 200/1m");
        }
        Set<Long> windows = new HashSet<>();
        for (Rate rate : redis) {
            if (!windows.add(rate.windowSeconds())) {
                throw new IllegalArgumentException(property + ".redis has two rates for the same window of "
                        + rate.windowSeconds() + " s; each window has one, for example 10/1s, 200/1m");
            }
        }
        DataSize maxSize = limits.maxSize() != null ? limits.maxSize() : known == null ? null : known.maxSize();
        if (maxSize != null && maxSize.toBytes() < 1) {
            throw new IllegalArgumentException(
                    property + ".max-size must be at least 1 byte, for example 50MB; leave it out for no limit");
        }
        return new Operation(
                name,
                memory,
                redis.stream()
                        .sorted(Comparator.comparingLong(Rate::windowSeconds))
                        .toList(),
                maxSize);
    }

    private static String names(Map<String, Operation> operations) {
        return operations.values().stream().map(Operation::name).sorted().collect(Collectors.joining(", "));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Operations operations
                && byDefault.equals(operations.byDefault)
                && byPlan.equals(operations.byPlan);
    }

    @Override
    public int hashCode() {
        return Objects.hash(byDefault, byPlan);
    }

    /** A name without dashes, underscores and case. */
    static String uniform(String name) {
        return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
    }
}
