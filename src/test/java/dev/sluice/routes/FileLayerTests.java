package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.operation.Operations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** A changed file stands where Spring Boot puts it at the start: over the jar, under variables and arguments. */
class FileLayerTests {

    private static final String ROUTE = "spring.cloud.gateway.server.webflux.routes[0]: {id: mine, uri: 'no://op'}\n";

    @TempDir
    private Path directory;

    @Configuration(proxyBeanMethods = false)
    static class Nothing {}

    @Test
    void standsOverTheJarWhereThereWasNoFileAtTheStart() {
        Path file = directory.resolve("routes.yml");
        try (ConfigurableApplicationContext started = start(file)) {
            RouteSettings settings = read(
                    started.getEnvironment(),
                    file,
                    ROUTE + "sluice.operations: {upload: {memory: 1/1m, redis: 2/1m}}\n");

            assertThat(settings.ofFile()).isTrue();
            assertThat(settings.routes()).extracting(RouteDefinition::getId).containsExactly("mine");
            assertThat(settings.operations().memory("upload", null).limit()).isEqualTo(1);
            assertThat(settings.operations().redis("upload", null).get(0).limit())
                    .isEqualTo(99);
            assertThat(settings.operations().memory("delete", null).limit()).isEqualTo(50);
        }
    }

    @Test
    void standsInThePlaceOfTheFileThatWasReadAtTheStart() throws IOException {
        Path file = directory.resolve("routes.yml");
        Files.writeString(file, ROUTE + "sluice.operations: {upload: {memory: 1/1m}, usage: {memory: 2/1m}}\n");
        try (ConfigurableApplicationContext started = start(file)) {
            Operations before = Operations.of(started.getEnvironment());
            assertThat(before.memory("usage", null).limit()).isEqualTo(2);

            RouteSettings settings = read(
                    started.getEnvironment(),
                    file,
                    ROUTE + "sluice.operations.upload.memory: 3/1m\n---\nsluice.operations.upload.memory: 4/1m\n");

            assertThat(settings.operations().memory("upload", null).limit()).isEqualTo(4);
            assertThat(settings.operations().memory("usage", null).limit())
                    .as("as it was before the file set it")
                    .isEqualTo(60);
            assertThat(Operations.of(started.getEnvironment())).isEqualTo(before);
        }
    }

    private static RouteSettings read(ConfigurableEnvironment environment, Path file, String yaml) {
        return new RouteSettingsReader(file, environment).read(yaml);
    }

    private static ConfigurableApplicationContext start(Path file) {
        return new SpringApplicationBuilder(Nothing.class)
                .web(WebApplicationType.NONE)
                .initializers(context -> context.getEnvironment()
                        .getPropertySources()
                        .addAfter(
                                "systemEnvironment",
                                new SystemEnvironmentPropertySource(
                                        "test-systemEnvironment", Map.of("SLUICE_OPERATIONS_UPLOAD_REDIS", "99/1m"))))
                .run("--SLUICE_ROUTES=" + file, "--logging.level.root=error");
    }
}
