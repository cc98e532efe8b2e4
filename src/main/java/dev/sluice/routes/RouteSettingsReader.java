package dev.sluice.routes;

import dev.sluice.admission.QuotaProperties;
import dev.sluice.operation.Operations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Profiles;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/** Reads a routes file as the start would: variables and arguments before the file, the file before the jar. */
final class RouteSettingsReader {

    static final String ROUTES = GatewayProperties.PREFIX + ".routes";

    private static final ConfigurationPropertyName ROUTES_NAME = ConfigurationPropertyName.of(ROUTES);
    private static final ConfigurationPropertyName CONFIG = ConfigurationPropertyName.of("spring.config");
    private static final List<ConfigurationPropertyName> LIVE = Stream.of(
                    ROUTES,
                    "sluice.operations",
                    "sluice.plans",
                    "sluice.quota.default-limit",
                    "spring.config.activate.on-profile")
            .map(ConfigurationPropertyName::of)
            .toList();

    private final Path file;
    private final ConfigurableEnvironment environment;

    /** @param environment of the running process */
    RouteSettingsReader(Path file, ConfigurableEnvironment environment) {
        this.file = file;
        this.environment = environment;
    }

    /** @throws RouteConfigurationException naming the line, the route or the property that is wrong */
    RouteSettings read(String yaml) {
        List<PropertySource<?>> documents = parse(yaml);
        if (names(documents).isEmpty()) {
            throw new RouteConfigurationException("It is empty.", "Routes are defined under " + ROUTES + ".", null);
        }
        List<PropertySource<?>> sources = active(documents);
        sources.forEach(RouteSettingsReader::checkFollowable);
        sources.forEach(KnownSettings::checkFile);
        ConfigurableEnvironment candidate = new FileLayer(file).replace(environment, sources);
        Binder binder = new Binder(
                ConfigurationPropertySources.from(candidate.getPropertySources()),
                new PropertySourcesPlaceholdersResolver(candidate));
        return new RouteSettings(
                routes(binder), definesRoutes(sources), operations(candidate), defaultLimit(binder), others(sources));
    }

    /**
     * Looks for what binding passes over, and for what could not be followed later, before the start binds anything. The
     * words of a variable's name are not told from each other: those are left out.
     *
     * @throws RouteConfigurationException as a reload of the same file would
     */
    void checkAtStart() {
        FileLayer layer = new FileLayer(file);
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (layer.isOfFile(source)) {
                checkFollowable(source);
                KnownSettings.checkFile(source);
            } else if (!(source instanceof SystemEnvironmentPropertySource)) {
                KnownSettings.check(source);
            }
        }
    }

    private static void checkFollowable(PropertySource<?> source) {
        for (String name : names(List.of(source))) {
            ConfigurationPropertyName property = adapt(name);
            if (CONFIG.isAncestorOf(property) && !isLive(property)) {
                throw new RouteConfigurationException(
                        "The file has " + name + ", which could not be followed.",
                        "Leave " + name + " out of the routes file.",
                        null);
            }
        }
    }

    /** Without the documents for other profiles. */
    private List<PropertySource<?>> active(List<PropertySource<?>> documents) {
        return documents.stream().filter(this::isActive).toList();
    }

    private boolean isActive(PropertySource<?> document) {
        return new Binder(
                        ConfigurationPropertySources.from(document),
                        new PropertySourcesPlaceholdersResolver(environment))
                .bind("spring.config.activate.on-profile", String[].class)
                .map(profiles -> profiles.length == 0 || environment.acceptsProfiles(Profiles.of(profiles)))
                .orElse(true);
    }

    /** What the file sets beside what changes with it, by property; nothing of a file that is no YAML. */
    Map<String, String> others(String yaml) {
        try {
            return others(active(parse(yaml)));
        } catch (RouteConfigurationException e) {
            return Map.of();
        }
    }

    /**
     * One source for each document of the file, the last first, as later ones override.
     *
     * @throws RouteConfigurationException if it is no YAML, or says too much
     */
    List<PropertySource<?>> parse(String yaml) {
        try {
            WrittenOut.check(yaml);
            List<PropertySource<?>> sources =
                    new ArrayList<>(new YamlPropertySourceLoader().load(file.toString(), new Text(yaml, file)));
            Collections.reverse(sources);
            return sources;
        } catch (MarkedYAMLException e) {
            throw broken(
                    e.getProblemMark() == null
                            ? String.valueOf(e.getProblem())
                            : "line " + (e.getProblemMark().getLine() + 1) + ", column "
                                    + (e.getProblemMark().getColumn() + 1) + ": " + e.getProblem(),
                    e);
        } catch (YAMLException | IOException | IllegalStateException e) {
            throw broken(String.valueOf(e.getMessage()), e);
        }
    }

    private static RouteConfigurationException broken(String reason, Exception cause) {
        return new RouteConfigurationException("It is no YAML: " + reason + ".", "Correct it.", cause);
    }

    private static boolean definesRoutes(List<PropertySource<?>> sources) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.from(sources)) {
            if (source.containsDescendantOf(ROUTES_NAME) == ConfigurationPropertyState.PRESENT) {
                return true;
            }
        }
        return false;
    }

    private static List<RouteDefinition> routes(Binder binder) {
        try {
            return binder.bind(ROUTES, Bindable.listOf(RouteDefinition.class)).orElse(List.of());
        } catch (BindException e) {
            throw unbound(route(binder, e.getName()), e);
        }
    }

    /** The id of the route that a property belongs to. */
    private static String route(Binder binder, ConfigurationPropertyName name) {
        int index = ROUTES_NAME.getNumberOfElements();
        if (name.getNumberOfElements() <= index) {
            return "";
        }
        String route = name.chop(index + 1).toString();
        return binder.bind(route + ".id", String.class)
                .map(id -> "Route '" + id + "': ")
                .orElse("");
    }

    private static Operations operations(ConfigurableEnvironment candidate) {
        try {
            return Operations.of(candidate);
        } catch (BindException e) {
            throw unbound("", e);
        } catch (IllegalArgumentException e) {
            throw new RouteConfigurationException(e.getMessage() + ".", "Correct it.", e);
        }
    }

    private static @Nullable Long defaultLimit(Binder binder) {
        try {
            return binder.bindOrCreate("sluice.quota", Bindable.of(QuotaProperties.class))
                    .defaultLimit();
        } catch (BindException e) {
            throw unbound("", e);
        }
    }

    private static RouteConfigurationException unbound(String route, BindException error) {
        String origin = error.getProperty() == null || error.getProperty().getOrigin() == null
                ? ""
                : " (" + error.getProperty().getOrigin() + ")";
        return new RouteConfigurationException(
                route + error.getName() + origin + " cannot be read", "Correct its value.", Reasons.of(error), error);
    }

    private static Map<String, String> others(List<PropertySource<?>> sources) {
        Map<String, String> others = new TreeMap<>();
        for (PropertySource<?> source : sources) {
            for (String name : names(List.of(source))) {
                ConfigurationPropertyName property = adapt(name);
                if (!isLive(property)) {
                    others.putIfAbsent(name, String.valueOf(source.getProperty(name)));
                }
            }
        }
        return others;
    }

    private static boolean isLive(ConfigurationPropertyName property) {
        return LIVE.stream().anyMatch(live -> live.equals(property) || live.isAncestorOf(property));
    }

    private static ConfigurationPropertyName adapt(String name) {
        return ConfigurationPropertyName.adapt(name, '.');
    }

    private static List<String> names(List<PropertySource<?>> sources) {
        return sources.stream()
                .filter(EnumerablePropertySource.class::isInstance)
                .flatMap(source -> Arrays.stream(((EnumerablePropertySource<?>) source).getPropertyNames()))
                .toList();
    }

    /** The text of a file, which messages call by the file's name. */
    private static final class Text extends ByteArrayResource {

        private final Path file;

        Text(String yaml, Path file) {
            super(yaml.getBytes(StandardCharsets.UTF_8));
            this.file = file;
        }

        @Override
        public String getDescription() {
            return file.toString();
        }
    }
}
