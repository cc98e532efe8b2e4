package dev.sluice.operation;

import dev.sluice.operation.OperationProperties.Limits;
import dev.sluice.operation.OperationProperties.Plan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.util.unit.DataSize;

/**
 * The limits that environment variables set for names with dashes. A variable cannot carry a dash, so Spring Boot reads
 * {@code SLUICE_PLANS_PRO_OPERATIONS_SIGNED_URL_MEMORY} as {@code sluice.plans.pro.operations.signed.url.memory}, which
 * leaves an empty {@code signed} behind, unless {@code signed-url} is known from elsewhere. Here the variable's name
 * itself says what is meant: what stands between the words that are fixed is one name, its underscores dashes.
 */
final class EnvironmentLimits {

    private static final Pattern VARIABLE = Pattern.compile(
            "SLUICE_(?:PLANS_(?<plan>.+?)_)?OPERATIONS_"
                    + "(?:(?<operation>.+)_(?:MEMORY|REDIS|MAX_SIZE)(?:_\\d+)?|(?<canonical>[^_]+)_MAXSIZE)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern MEANT =
            Pattern.compile("SLUICE_(?:PLANS_.+_)?OPERATIONS_.+", Pattern.CASE_INSENSITIVE);
    private static final Bindable<List<Rate>> RATES = Bindable.listOf(Rate.class);

    private final Binder binder;
    private final Map<String, Limits> operations = new LinkedHashMap<>();

    /** By the plan's {@link Operations#uniform} name. */
    private final Map<String, Map<String, Limits>> plans = new LinkedHashMap<>();
    /** How a plan is written, by its uniform name. */
    private final Map<String, String> spelling = new LinkedHashMap<>();

    /** @throws IllegalArgumentException naming a variable that sets no limit, its form and an example */
    EnvironmentLimits(ConfigurableEnvironment environment) {
        ApplicationConversionService conversions = new ApplicationConversionService();
        conversions.addConverter(new RateConverter());
        binder = new Binder(
                ConfigurationPropertySources.from(environment.getPropertySources()),
                new PropertySourcesPlaceholdersResolver(environment),
                conversions);
        environment.getPropertySources().stream()
                .filter(SystemEnvironmentPropertySource.class::isInstance)
                .flatMap(source -> Stream.of(((SystemEnvironmentPropertySource) source).getPropertyNames()))
                .filter(MEANT.asMatchPredicate())
                .forEach(this::read);
    }

    /** Asked for by its name with dashes, a property has the usual precedence: arguments, environment, files. */
    private void read(String name) {
        Matcher variable = VARIABLE.matcher(name);
        if (!variable.matches()) {
            throw new IllegalArgumentException(
                    name + " sets no limit: write SLUICE_OPERATIONS_<operation>_MEMORY, _REDIS or _MAX_SIZE,"
                            + " or SLUICE_PLANS_<plan>_OPERATIONS_<operation>_MEMORY, _REDIS or _MAX_SIZE, for example"
                            + " SLUICE_OPERATIONS_SIGNED_URL_MEMORY=100/1m");
        }
        String plan = variable.group("plan");
        String named = variable.group("operation");
        String operation = dashed(named != null ? named : variable.group("canonical"));
        String property = (plan == null ? "sluice" : "sluice.plans." + dashed(plan)) + ".operations." + operation;
        if (!ConfigurationPropertyName.isValid(property)) {
            throw new IllegalArgumentException(name + " names no operation or plan: they are letters, digits and, for"
                    + " dashes, underscores, for example SLUICE_OPERATIONS_SIGNED_URL_MEMORY=100/1m");
        }
        Limits limits = new Limits(
                binder.bind(property + ".memory", Rate.class).orElse(null),
                binder.bind(property + ".redis", RATES).orElse(null),
                binder.bind(property + ".max-size", DataSize.class).orElse(null));
        if (!limits.isEmpty()) {
            operationsOf(plan == null ? null : dashed(plan)).merge(operation, limits, Limits::orElse);
        }
    }

    private Map<String, Limits> operationsOf(@Nullable String plan) {
        if (plan == null) {
            return operations;
        }
        spelling.putIfAbsent(Operations.uniform(plan), plan);
        return plans.computeIfAbsent(Operations.uniform(plan), key -> new LinkedHashMap<>());
    }

    /**
     * All limits of the environment.
     *
     * @throws org.springframework.boot.context.properties.bind.BindException if one cannot be read
     */
    OperationProperties all() {
        return complete(binder.bindOrCreate("sluice", Bindable.of(OperationProperties.class)));
    }

    /** These limits and, where they say nothing, the bound ones, without the empty heads of names with dashes. */
    OperationProperties complete(OperationProperties bound) {
        Map<String, Map<String, Limits>> limits = new LinkedHashMap<>(plans);
        Map<String, String> names = new LinkedHashMap<>(spelling);
        bound.plans().forEach((plan, overrides) -> {
            names.put(Operations.uniform(plan), plan);
            limits.merge(Operations.uniform(plan), merge(Map.of(), overrides.operations()), EnvironmentLimits::merge);
        });
        Map<String, Plan> completed = new LinkedHashMap<>();
        limits.forEach((plan, operation) -> completed.put(names.getOrDefault(plan, plan), new Plan(operation)));
        return new OperationProperties(merge(operations, bound.operations()), completed);
    }

    private static Map<String, Limits> merge(Map<String, Limits> first, Map<String, Limits> second) {
        Map<String, Limits> merged = new LinkedHashMap<>(first);
        second.forEach((name, limits) -> {
            if (!limits.isEmpty()) {
                merged.merge(name, limits, Limits::orElse);
            }
        });
        return merged;
    }

    private static String dashed(String variable) {
        return variable.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
