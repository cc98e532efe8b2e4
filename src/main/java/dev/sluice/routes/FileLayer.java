package dev.sluice.routes;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.Resource;

/** The routes file's place among all the sources of properties, in which another version of it can be laid. */
final class FileLayer {

    /** Spring Boot's view of all other sources as they were; a candidate has its own. */
    private static final String ATTACHED = "configurationProperties";

    /** How Spring Boot names what application.yml imports from the jar. */
    private static final String IN_THE_JAR = "Config resource 'class path resource [gateway-routes";

    private final Path file;

    FileLayer(Path file) {
        this.file = file.toAbsolutePath().normalize();
    }

    /** The environment as it would be with that version of the file; {@code running} stays as it is. */
    ConfigurableEnvironment replace(ConfigurableEnvironment running, List<PropertySource<?>> version) {
        ConfigurableEnvironment candidate = new StandardEnvironment();
        MutablePropertySources sources = candidate.getPropertySources();
        List.copyOf(sources.stream().toList()).forEach(source -> sources.remove(source.getName()));
        boolean laid = false;
        for (PropertySource<?> source : running.getPropertySources()) {
            boolean old = isOfFile(source);
            if (!laid && (old || source.getName().startsWith(IN_THE_JAR))) {
                version.forEach(sources::addLast);
                laid = true;
            }
            if (!old && !source.getName().equals(ATTACHED)) {
                sources.addLast(source);
            }
        }
        if (!laid) {
            version.forEach(sources::addLast);
        }
        return candidate;
    }

    /** An empty map or list has no origin. */
    boolean isOfFile(PropertySource<?> source) {
        return source instanceof EnumerablePropertySource<?> named
                && Arrays.stream(named.getPropertyNames())
                        .map(name -> OriginLookup.getOrigin(source, name))
                        .filter(Objects::nonNull)
                        .findFirst()
                        .filter(first -> first instanceof TextResourceOrigin origin
                                && origin.getResource() != null
                                && isFile(origin.getResource()))
                        .isPresent();
    }

    private boolean isFile(Resource resource) {
        try {
            return resource.isFile()
                    && resource.getFile().toPath().toAbsolutePath().normalize().equals(file);
        } catch (IOException e) {
            return false;
        }
    }
}
