package dev.sluice.routes;

import dev.sluice.operation.OperationProperties;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * The settings that routes, operations and plans have. Binding passes over any other in silence, so that a misspelt
 * {@code filters} would take a route's guards away; here it is a mistake. Arguments and metadata are free.
 */
final class KnownSettings {

    /** What may stand below a name: null if a property's elements from {@code at} on are known. */
    private interface Shape {

        @Nullable Slip slip(ConfigurationPropertyName property, int at);
    }

    /** @param at the element of a property's name that is not known */
    private record Slip(int at, String hint) {}

    private static final Shape ANYTHING = (property, at) -> null;
    private static final Shape VALUE =
            (property, at) -> at < property.getNumberOfElements() ? new Slip(at, "It takes a plain value.") : null;
    private static final Shape STEPS = items(settings(Map.of("name", VALUE, "args", ANYTHING)));
    private static final Shape LIMITS = named(settings(limits()));
    private static final Map<ConfigurationPropertyName, Shape> ROOTS = Map.of(
            ConfigurationPropertyName.of(RouteSettingsReader.ROUTES), items(settings(route())),
            ConfigurationPropertyName.of("sluice.operations"), LIMITS,
            ConfigurationPropertyName.of("sluice.plans"), named(settings(Map.of("operations", LIMITS))));

    private KnownSettings() {}

    /** @throws RouteConfigurationException naming the route, operation or plan, the setting and where it stands */
    static void check(PropertySource<?> source) {
        if (source instanceof EnumerablePropertySource<?> named) {
            for (String name : named.getPropertyNames()) {
                ConfigurationPropertyName property = ConfigurationPropertyName.adapt(name, '.');
                ROOTS.forEach((root, shape) -> {
                    Slip slip = root.isAncestorOf(property) ? shape.slip(property, root.getNumberOfElements()) : null;
                    if (slip != null) {
                        Origin origin = OriginLookup.getOrigin(source, name);
                        throw new RouteConfigurationException(
                                owner(source, root, property, slip.at()) + " has an unknown setting '"
                                        + setting(root, property, slip.at()) + "'"
                                        + " (" + (origin == null ? source.getName() : origin) + ").",
                                slip.hint(),
                                null);
                    }
                });
            }
        }
    }

    private static String owner(
            PropertySource<?> source, ConfigurationPropertyName root, ConfigurationPropertyName property, int at) {
        int first = root.getNumberOfElements();
        if (at == first) {
            return root.toString();
        }
        String name = property.getElement(first, Form.ORIGINAL);
        return switch (root.getLastElement(Form.UNIFORM)) {
            case "operations" -> "Operation '" + name + "'";
            case "plans" -> "Plan '" + name + "'";
            default ->
                new Binder(ConfigurationPropertySources.from(source))
                        .bind(property.chop(first + 1).append("id"), Bindable.of(String.class))
                        .map(id -> "Route '" + id + "'")
                        .orElse("The route without an id, " + property.chop(first + 1) + ",");
        };
    }

    /** As it is written, below the route, operation or plan. */
    private static String setting(ConfigurationPropertyName root, ConfigurationPropertyName property, int at) {
        StringBuilder setting = new StringBuilder();
        for (int i = Math.min(at, root.getNumberOfElements() + 1); i <= at; i++) {
            String element = property.getElement(i, Form.ORIGINAL);
            if (property.isNumericIndex(i)) {
                setting.append('[').append(element).append(']');
            } else {
                setting.append(setting.isEmpty() ? "" : ".").append(element);
            }
        }
        return setting.toString();
    }

    private static Map<String, Shape> route() {
        Map<String, Shape> known = new TreeMap<>();
        Arrays.stream(BeanUtils.getPropertyDescriptors(RouteDefinition.class))
                .filter(setting -> setting.getWriteMethod() != null)
                .forEach(setting -> known.put(DataObjectPropertyName.toDashedForm(setting.getName()), VALUE));
        known.putAll(Map.of("predicates", STEPS, "filters", STEPS, "metadata", ANYTHING));
        return known;
    }

    private static Map<String, Shape> limits() {
        Map<String, Shape> known = new TreeMap<>();
        for (RecordComponent limit : OperationProperties.Limits.class.getRecordComponents()) {
            known.put(
                    DataObjectPropertyName.toDashedForm(limit.getName()),
                    Iterable.class.isAssignableFrom(limit.getType()) ? items(VALUE) : VALUE);
        }
        return known;
    }

    /** A list, or one value that is read as one. */
    private static Shape items(Shape item) {
        return (property, at) -> {
            if (at >= property.getNumberOfElements()) {
                return null;
            }
            return property.isNumericIndex(at)
                    ? item.slip(property, at + 1)
                    : new Slip(at, "It takes a list: begin each item with a dash.");
        };
    }

    private static Shape named(Shape each) {
        return (property, at) -> at < property.getNumberOfElements() ? each.slip(property, at + 1) : null;
    }

    private static Shape settings(Map<String, Shape> known) {
        Map<String, Shape> sorted = new TreeMap<>(known);
        return (property, at) -> {
            if (at >= property.getNumberOfElements()) {
                return null;
            }
            String written = property.getElement(at, Form.UNIFORM);
            for (Map.Entry<String, Shape> setting : sorted.entrySet()) {
                if (uniform(setting.getKey()).equals(written)) {
                    return setting.getValue().slip(property, at + 1);
                }
            }
            return new Slip(at, hint(written, sorted));
        };
    }

    private static String hint(String written, Map<String, Shape> known) {
        String list = "Known here: " + String.join(", ", known.keySet()) + ".";
        return known.keySet().stream()
                .filter(name -> distance(written, uniform(name)) <= Math.max(1, name.length() / 3))
                .min(Comparator.comparingInt(name -> distance(written, uniform(name))))
                .map(nearest -> "Did you mean '" + nearest + "'? " + list)
                .orElse(list);
    }

    private static String uniform(String dashed) {
        return dashed.replace("-", "");
    }

    /** How many letters must be put in, taken out or changed (Levenshtein). */
    private static int distance(String one, String other) {
        int[] above = IntStream.rangeClosed(0, other.length()).toArray();
        for (int i = 1; i <= one.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(row[j - 1], above[j]) + 1, above[j - 1] + changed);
            }
            above = row;
        }
        return above[other.length()];
    }
}
