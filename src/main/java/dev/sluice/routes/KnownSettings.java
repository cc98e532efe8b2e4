package dev.sluice.routes;

import static dev.sluice.routes.SettingShape.ANYTHING;
import static dev.sluice.routes.SettingShape.VALUE;
import static dev.sluice.routes.SettingShape.items;
import static dev.sluice.routes.SettingShape.named;
import static dev.sluice.routes.SettingShape.settings;

import dev.sluice.operation.OperationProperties;
import dev.sluice.routes.SettingShape.Slip;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
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

    private static final SettingShape STEPS = items(settings(Map.of("name", VALUE, "args", ANYTHING)));
    private static final SettingShape LIMITS = named(settings(limits()));
    private static final Map<ConfigurationPropertyName, SettingShape> ROOTS = Map.of(
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
                        int first = Math.min(slip.at(), root.getNumberOfElements() + 1);
                        throw unknown(
                                source,
                                name,
                                owner(source, root, property, slip.at()),
                                setting(property, first, slip),
                                slip);
                    }
                });
            }
        }
    }

    /**
     * As {@link #check}, of a routes file: what is Sluice's or the gateway's there must be a setting of theirs.
     *
     * @throws RouteConfigurationException naming the setting, what it stands below, and where
     */
    static void checkFile(PropertySource<?> source) {
        check(source);
        if (source instanceof EnumerablePropertySource<?> named) {
            for (String name : named.getPropertyNames()) {
                ConfigurationPropertyName property = ConfigurationPropertyName.adapt(name, '.');
                if (isBelow(property, DeclaredSettings.ROOTS) && !isBelow(property, ROOTS.keySet())) {
                    Slip slip = DeclaredSettings.slip(property);
                    if (slip != null) {
                        String owner = property.chop(slip.at()).toString();
                        throw unknown(source, name, owner, setting(property, slip.at(), slip), slip);
                    }
                }
            }
        }
    }

    private static boolean isBelow(ConfigurationPropertyName property, Collection<ConfigurationPropertyName> roots) {
        return roots.stream().anyMatch(root -> root.isAncestorOf(property));
    }

    private static RouteConfigurationException unknown(
            PropertySource<?> source, String name, String owner, String setting, Slip slip) {
        Origin origin = OriginLookup.getOrigin(source, name);
        return new RouteConfigurationException(
                owner + " has an unknown setting '" + setting + "' (" + (origin == null ? source.getName() : origin)
                        + ").",
                slip.hint(),
                null);
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

    /** As it is written, from an element on. */
    private static String setting(ConfigurationPropertyName property, int from, Slip slip) {
        StringBuilder setting = new StringBuilder();
        for (int i = from; i <= slip.at(); i++) {
            String element = property.getElement(i, Form.ORIGINAL);
            if (property.isNumericIndex(i)) {
                setting.append('[').append(element).append(']');
            } else {
                setting.append(setting.isEmpty() ? "" : ".").append(element);
            }
        }
        return setting.toString();
    }

    private static Map<String, SettingShape> route() {
        Map<String, SettingShape> known = new TreeMap<>();
        Arrays.stream(BeanUtils.getPropertyDescriptors(RouteDefinition.class))
                .filter(setting -> setting.getWriteMethod() != null)
                .forEach(setting -> known.put(DataObjectPropertyName.toDashedForm(setting.getName()), VALUE));
        known.putAll(Map.of("predicates", STEPS, "filters", STEPS, "metadata", ANYTHING));
        return known;
    }

    private static Map<String, SettingShape> limits() {
        Map<String, SettingShape> known = new TreeMap<>();
        for (RecordComponent limit : OperationProperties.Limits.class.getRecordComponents()) {
            known.put(
                    DataObjectPropertyName.toDashedForm(limit.getName()),
                    Iterable.class.isAssignableFrom(limit.getType()) ? items(VALUE) : VALUE);
        }
        return known;
    }
}
