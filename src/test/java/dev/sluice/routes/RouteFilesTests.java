package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;
import org.yaml.snakeyaml.Yaml;

/** The route files of the repository do not drift apart. */
class RouteFilesTests {

    @Test
    void theProjectsFileHasTheDefaultRoutesFirstAndUnchanged() throws IOException {
        List<Object> defaults = routes("gateway-routes.yml");
        List<Object> project = routes("gateway-routes.supabase.yml");

        assertThat(project).hasSizeGreaterThan(defaults.size());
        assertThat(project.subList(0, defaults.size())).isEqualTo(defaults);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gateway-routes.yml", "gateway-routes.supabase.yml"})
    void theFilesHaveNoSettingThatNobodyReads(String file) throws IOException {
        for (PropertySource<?> source : new YamlPropertySourceLoader().load(file, new FileSystemResource(file))) {
            assertThatCode(() -> KnownSettings.checkFile(source)).doesNotThrowAnyException();
        }
    }

    private static List<Object> routes(String file) throws IOException {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            Object node = new Yaml().load(in);
            for (String key : List.of("spring", "cloud", "gateway", "server", "webflux", "routes")) {
                node = node instanceof Map<?, ?> map ? map.get(key) : null;
            }
            return node instanceof List<?> routes ? List.copyOf(routes) : List.of();
        }
    }
}
