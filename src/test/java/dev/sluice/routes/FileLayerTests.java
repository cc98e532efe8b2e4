package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.operation.Operations;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
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
        Files.writeString(
                file,
                "sluice.plans: {}\n" + ROUTE + "sluice.operations: {upload: {memory: 1/1m}, usage: {memory: 2/1m}}\n");
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

    /** What the start takes of a file, a reload takes as well. */
    @Test
    void readsADocumentForAProfileWhereTheStartDoes() throws IOException {
        Path file = directory.resolve("routes.yml");
        String yaml = ROUTE + "---\nspring.config.activate.on-profile: [cloud & !test, other]\n"
                + "sluice.operations.upload.memory: 1/1m\n---\nspring.config.activate.on-profile: elsewhere\n"
                + "spring.config.import: file:never.yml\nsluice: {operations: {upload: {memory: 2/1m}}, cors: {max-age: 2h}}\n";
        Files.writeString(file, yaml);
        try (ConfigurableApplicationContext started = start(file, "--spring.profiles.active=cloud")) {
            RouteSettingsReader reader = new RouteSettingsReader(file, started.getEnvironment());
            reader.checkAtStart();

            RouteSettings settings = reader.read(yaml);

            assertThat(settings.operations()).isEqualTo(Operations.of(started.getEnvironment()));
            assertThat(settings.operations().memory("upload", null).limit()).isEqualTo(1);
            assertThat(settings.others()).isEmpty();
            assertThat(reader.others(yaml)).isEmpty();
        }
        try (ConfigurableApplicationContext started = start(file)) {
            assertThat(read(started.getEnvironment(), file, yaml))
                    .isEqualTo(read(started.getEnvironment(), file, ROUTE))
                    .satisfies(settings ->
                            assertThat(settings.operations()).isEqualTo(Operations.of(started.getEnvironment())));
        }
    }

    @Test
    void takesNoFileAtTheStartThatCouldNotBeFollowed() throws IOException {
        Path file = directory.resolve("routes.yml");
        Files.writeString(file, ROUTE + "spring.config.import: 'optional:file:more.yml'\n");
        try (ConfigurableApplicationContext started = start(file)) {
            assertThatThrownBy(new RouteSettingsReader(file, started.getEnvironment())::checkAtStart)
                    .isInstanceOf(RouteConfigurationException.class)
                    .hasMessage("The file has spring.config.import, which could not be followed.");
        }
    }

    @Test
    void refusesAnUnknownSettingOfTheFileAtTheStart() throws IOException {
        Path file = directory.resolve("routes.yml");
        Files.writeString(
                file,
                "spring.cloud.gateway.server.webflux.routes:\n- {id: a, uri: 'no://op', predicates: [Path=/a]}\n"
                        + "- id: b\n  uri: no://op\n  filter: [Authenticate]\n");
        try (ConfigurableApplicationContext started = start(file)) {
            assertThatThrownBy(new RouteSettingsReader(file, started.getEnvironment())::checkAtStart)
                    .isInstanceOf(RouteConfigurationException.class)
                    .hasMessageContaining("Route 'b' has an unknown setting 'filter'")
                    .hasMessageContaining("routes.yml] - 5:");
        }
    }

    private static RouteSettings read(ConfigurableEnvironment environment, Path file, String yaml) {
        return new RouteSettingsReader(file, environment).read(yaml);
    }

    private static ConfigurableApplicationContext start(Path file, String... more) {
        return new SpringApplicationBuilder(Nothing.class)
                .web(WebApplicationType.NONE)
                .initializers(context -> context.getEnvironment()
                        .getPropertySources()
                        .addAfter(
                                "systemEnvironment",
                                new SystemEnvironmentPropertySource(
                                        "test-systemEnvironment", Map.of("SLUICE_OPERATIONS_UPLOAD_REDIS", "99/1m"))))
                .run(Stream.concat(Stream.of("--SLUICE_ROUTES=" + file, "--logging.level.root=error"), Stream.of(more))
                        .toArray(String[]::new));
    }
}
