package dev.sluice.routes;

import java.nio.file.Path;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Stops the start at a routes file that cannot be read, before Spring Boot reads it: it writes out a file's aliases without
 * a limit, so that a few lines would end the process for want of memory and without a word of the file.
 */
final class RoutesFileCheck implements EnvironmentPostProcessor, Ordered {

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        Path file = Path.of(environment.getProperty("SLUICE_ROUTES", "gateway-routes.yml"));
        try {
            RoutesFile.Content content = new RoutesFile(file).read();
            if (content instanceof RoutesFile.Content.Unreadable unreadable) {
                throw unreadable.mistake();
            }
            if (content instanceof RoutesFile.Content.Text text) {
                new RouteSettingsReader(file, environment).parse(text.yaml());
            }
        } catch (RouteConfigurationException e) {
            throw new RouteConfigurationException("The routes file " + file + ": " + e.getMessage(), e.action(), e);
        }
    }

    @Override
    public int getOrder() {
        return ConfigDataEnvironmentPostProcessor.ORDER - 1;
    }
}
