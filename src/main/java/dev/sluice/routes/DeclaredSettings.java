package dev.sluice.routes;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All settings of Sluice and of the gateway, as the metadata in their jars declares them. It is read for the first who asks,
 * which blocks: never on an event loop.
 */
final class DeclaredSettings {

    private static final String GATEWAY = "spring.cloud.gateway";
    private static final String WEBFLUX = GATEWAY + ".server.webflux.";

    /** Below these nobody else has settings. */
    static final List<ConfigurationPropertyName> ROOTS =
            Stream.of("sluice", GATEWAY).map(ConfigurationPropertyName::of).toList();

    /** What the gateway reads although its metadata does not have it. */
    private static final List<String> UNDECLARED = List.of(
            WEBFLUX + "actuator.verbose.enabled",
            WEBFLUX + "function.enabled",
            WEBFLUX + "globalcors.enabled",
            WEBFLUX + "json-to-grpc.valid-proto-descriptor-prefixes",
            WEBFLUX + "redis.enabled",
            WEBFLUX + "stream.enabled");

    /** Below these stands a switch for each filter or predicate; the metadata has some of them. */
    private static final List<String> SWITCHED =
            List.of(WEBFLUX + "filter", WEBFLUX + "global-filter", WEBFLUX + "predicate");

    private static final SettingShape SWITCH = SettingShape.settings(Map.of("enabled", SettingShape.VALUE));
    private static final SettingShape ALL = shape("", branches());

    private DeclaredSettings() {}

    /** Where the first element of a property that is below one of {@link #ROOTS} is not known; null if all are. */
    static SettingShape.@Nullable Slip slip(ConfigurationPropertyName property) {
        return ALL.slip(property, 0);
    }

    /** A name with what stands below it. */
    private static final class Branch {

        private final Map<String, Branch> below = new TreeMap<>();
        private @Nullable SettingShape leaf;

        /** A map's own members are not looked at. */
        void add(List<String> name, SettingShape shape) {
            if (leaf != null) {
                return;
            }
            if (name.isEmpty()) {
                leaf = shape;
            } else {
                below.computeIfAbsent(name.get(0), part -> new Branch()).add(name.subList(1, name.size()), shape);
            }
        }
    }

    private static SettingShape shape(String name, Branch branch) {
        if (branch.leaf != null) {
            return branch.leaf;
        }
        Map<String, SettingShape> known = new TreeMap<>();
        branch.below.forEach((part, below) -> known.put(part, shape(name.isEmpty() ? part : name + "." + part, below)));
        SettingShape settings = SettingShape.settings(known);
        return SWITCHED.contains(name) ? orSwitches(settings) : settings;
    }

    private static SettingShape orSwitches(SettingShape known) {
        return (property, at) -> {
            SettingShape.Slip slip = known.slip(property, at);
            return slip != null && slip.at() == at ? SWITCH.slip(property, at + 1) : slip;
        };
    }

    private static Branch branches() {
        TreeMap<String, SettingShape> declared = new TreeMap<>();
        UNDECLARED.forEach(name -> declared.put(name, SettingShape.ANYTHING));
        try {
            for (URL metadata : Collections.list(DeclaredSettings.class
                    .getClassLoader()
                    .getResources("META-INF/spring-configuration-metadata.json"))) {
                try (InputStream json = metadata.openStream()) {
                    JsonMapper.shared().readTree(json).path("properties").forEach(property -> add(declared, property));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Branch all = new Branch();
        declared.forEach((name, shape) -> all.add(List.of(name.split("\\.")), shape));
        return all;
    }

    private static void add(Map<String, SettingShape> declared, JsonNode property) {
        String name = property.path("name").asString("");
        if (name.startsWith("sluice.") || name.startsWith(GATEWAY + ".")) {
            boolean one = !property.path("type").asString("").startsWith("java.util.");
            declared.put(name, one ? SettingShape.VALUE : SettingShape.ANYTHING);
        }
    }
}
