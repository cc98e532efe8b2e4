package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.json.JsonMapper;

/** The Dockerfile and what stands around it, as far as they can be read; {@code bench/image} runs their steps. */
class ImageTests {

    private static final String DOCKERFILE = read("Dockerfile").replaceAll("\\\\\n\\s*", "");
    private static final List<String> LINES = DOCKERFILE
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .toList();

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Stream<String> instructions(String name) {
        return LINES.stream()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> line.substring(name.length() + 1));
    }

    /** The last stage is the image. */
    private static String last(String name) {
        List<String> image = LINES.subList(
                LINES.lastIndexOf(
                        instructions("FROM").reduce((a, b) -> "FROM " + b).orElseThrow()),
                LINES.size());
        return image.stream()
                .filter(line -> line.startsWith(name + " "))
                .reduce((a, b) -> b)
                .orElseThrow(() -> new AssertionError("no " + name + " in " + image))
                .substring(name.length() + 1);
    }

    @Test
    void buildsOnImagesOfAGivenVersion() {
        List<String> stages = instructions("FROM")
                .filter(from -> from.contains(" AS "))
                .map(from -> from.replaceFirst(".* AS ", ""))
                .toList();

        assertThat(instructions("FROM")
                        .map(from -> from.replaceFirst("^--platform=\\S+ ", "").split(" ")[0]))
                .isNotEmpty()
                .allSatisfy(base -> {
                    if (!stages.contains(base) && !base.equals("scratch") && !base.equals("${JAR}")) {
                        assertThat(base).matches("[a-z/-]+:[0-9]\\S+").doesNotContain("latest");
                    }
                });
        assertThat(instructions("COPY").filter(copy -> copy.startsWith("--from=")))
                .allSatisfy(copy ->
                        assertThat(copy.replaceFirst("--from=(\\S+) .*", "$1")).isIn(stages));
    }

    @Test
    void runsAsNobodyWithoutAShell() {
        assertThat(last("USER")).isEqualTo("65532:65532");
        assertThat(arguments(last("ENTRYPOINT"))).startsWith("java").endsWith("-jar", "/app/sluice.jar");
        assertThat(arguments(last("HEALTHCHECK").replaceFirst(".* CMD ", "")))
                .startsWith("java")
                .endsWith(HealthCheck.class.getName());
        assertThat(arguments(last("VOLUME"))).containsExactly("/journal", "/tmp");
        assertThat(last("ENV")).isEqualTo("SLUICE_JOURNAL=/journal");
        assertThat(LINES).noneMatch(line -> line.startsWith("ADD ") || line.startsWith("CMD "));
    }

    private static List<String> arguments(String json) {
        return JsonMapper.shared().readerForListOf(String.class).readValue(json);
    }

    @Test
    void startsWithTheOptionsThatTheCacheWasTrainedWith() {
        List<String> training = arguments(instructions("RUN")
                .filter(run -> run.contains("AOTCacheOutput"))
                .findFirst()
                .orElseThrow());
        List<String> service = arguments(last("ENTRYPOINT"));

        assertThat(training).contains("@jvm.options", "-XX:AOTCacheOutput=/app/sluice.aot", "/app/sluice.jar");
        assertThat(service).contains("@/app/jvm.options", "-XX:AOTCache=/app/sluice.aot", "/app/sluice.jar");
        assertThat(read("docker/jvm.options")).contains("-XX:+UseG1GC", "-XX:MaxRAMPercentage=50");
        assertThat(read("bench/image"))
                .contains("jvm.options", "-XX:AOTCacheOutput=", "-XX:AOTCache=", "extract --layers");
    }

    @Test
    void saysWhatItIs() {
        var pom = Pattern.compile("<artifactId>sluice</artifactId>\\s*<version>([^<-]+)")
                .matcher(read("pom.xml"));

        assertThat(pom.find()).isTrue();
        assertThat(DOCKERFILE).contains("ARG VERSION=" + pom.group(1));
        assertThat(last("LABEL"))
                .contains(
                        "org.opencontainers.image.title=",
                        "org.opencontainers.image.description=",
                        "org.opencontainers.image.licenses=\"Apache-2.0\"",
                        "org.opencontainers.image.version=\"${VERSION}\"",
                        "org.opencontainers.image.revision=");
    }

    @Test
    void sendsTheBuilderWhatItCopiesAndNothingElse() {
        List<String> context = read(".dockerignore")
                .lines()
                .filter(line -> line.startsWith("!"))
                .map(line -> line.substring(1))
                .toList();

        assertThat(read(".dockerignore").lines()).contains("*");
        assertThat(instructions("COPY")
                        .filter(copy -> !copy.startsWith("--from="))
                        .map(copy -> copy.split(" "))
                        .flatMap(parts -> Stream.of(parts).limit(parts.length - 1L)))
                .containsExactlyInAnyOrderElementsOf(context);
    }

    @Test
    @SuppressWarnings("unchecked")
    void comesWithAValkeyByOneCommand() {
        Map<String, Map<String, Map<String, Object>>> compose = new Yaml().load(read("compose.yml"));
        Map<String, Map<String, Object>> services = compose.getOrDefault("services", Map.of());
        Map<String, Object> sluice = services.getOrDefault("sluice", Map.of());

        assertThat(sluice).containsEntry("read_only", true).containsEntry("cap_drop", List.of("ALL"));
        assertThat((Map<String, Object>) sluice.get("environment"))
                .containsEntry("SPRING_DATA_REDIS_URL", "redis://valkey:6379")
                .hasEntrySatisfying(
                        "SUPABASE_URL", url -> assertThat(url.toString()).startsWith("${SUPABASE_URL:?"));
        assertThat(services)
                .allSatisfy((name, service) ->
                        assertThat(String.valueOf(service.get("image"))).matches("[a-z/]+:[0-9].*"));
        assertThat(String.valueOf(services.getOrDefault("valkey", Map.of()).get("command")))
                .contains("--appendonly, yes", "noeviction");
    }

    @ParameterizedTest
    @CsvSource({"200, true", "503, false", "404, false"})
    void isHealthyWhenItIsReady(int status, boolean ready) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/actuator/health/readiness", exchange -> exchange.sendResponseHeaders(status, -1));
        server.start();
        try {
            assertThat(HealthCheck.isReady(server.getAddress().getPort())).isEqualTo(ready);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void isNotHealthyWhenNothingAnswers() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }

        assertThat(HealthCheck.isReady(free)).isFalse();
    }
}
