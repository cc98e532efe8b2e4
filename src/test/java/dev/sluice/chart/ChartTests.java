package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The chart as a package: it lints, its table tells its values, its copies are copies, its files are what they seem. */
class ChartTests {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern ROW = Pattern.compile("^\\| `([^`]+)` \\| (.*) \\| `(.*)` \\|$", Pattern.MULTILINE);
    private static final Pattern POM_VERSION =
            Pattern.compile("<artifactId>sluice</artifactId>\\s*<version>([^<]+?)(-SNAPSHOT)?</version>");

    @Test
    void lintsWithoutAComplaint() {
        LintResult lint = new Helm(Chart.DIRECTORY).lint().strict().call();

        assertThat(lint.isFailed()).as(lint.getMessages().toString()).isFalse();
        assertThat(lint.getMessages()).noneMatch(message -> message.contains("[WARNING]"));
    }

    @Test
    void hasAVersionOfTheProject() throws IOException {
        Map<String, Object> chart = new Yaml().load(Files.readString(Chart.DIRECTORY.resolve("Chart.yaml")));
        var pom = POM_VERSION.matcher(Files.readString(Path.of("pom.xml")));

        assertThat(pom.find()).isTrue();
        assertThat(chart).containsEntry("appVersion", pom.group(1));
        assertThat(String.valueOf(chart.get("annotations"))).contains("image: sluice:" + pom.group(1));
    }

    @Test
    void tellsEachValueWithItsDefaultInTheReadme() throws IOException {
        String readme = Files.readString(Chart.DIRECTORY.resolve("README.md"));
        Map<String, String> told = new LinkedHashMap<>();
        Map<String, JsonNode> defaults = new LinkedHashMap<>();
        var row = ROW.matcher(readme);
        while (row.find()) {
            told.put(row.group(1), row.group(2));
            defaults.put(row.group(1), JSON.readTree(row.group(3)));
        }

        Map<String, String> described = new LinkedHashMap<>();
        describe("", JSON.readTree(Files.readString(Chart.DIRECTORY.resolve("values.schema.json"))), described);
        described.remove("global");
        JsonNode values = JSON.valueToTree(new Yaml().load(Files.readString(Chart.DIRECTORY.resolve("values.yaml"))));

        assertThat(told).isNotEmpty().isEqualTo(described);
        defaults.forEach((path, value) ->
                assertThat(values.at("/" + path.replace('.', '/'))).as(path).isEqualTo(value));
        assertThat(leaves(values, described.keySet())).containsExactlyInAnyOrderElementsOf(described.keySet());
    }

    /** Every value that is no group of others, by its path, with its description. */
    private static void describe(String path, JsonNode schema, Map<String, String> described) {
        JsonNode properties = schema.path("properties");
        if (properties.isMissingNode()) {
            described.put(path, schema.path("description").asString(""));
            return;
        }
        assertThat(schema.path("additionalProperties").asBoolean(true))
                .as("unknown keys of '%s' are refused", path)
                .isFalse();
        properties
                .properties()
                .forEach(property -> describe(
                        path.isEmpty() ? property.getKey() : path + "." + property.getKey(),
                        property.getValue(),
                        described));
    }

    private static List<String> leaves(JsonNode values, Iterable<String> known) {
        Map<String, JsonNode> leaves = new TreeMap<>();
        collect("", values, List.copyOf((java.util.Collection<String>) known), leaves);
        return List.copyOf(leaves.keySet());
    }

    private static void collect(String path, JsonNode value, List<String> known, Map<String, JsonNode> leaves) {
        if (known.contains(path) || !value.isObject()) {
            leaves.put(path, value);
            return;
        }
        value.properties()
                .forEach(property -> collect(
                        path.isEmpty() ? property.getKey() : path + "." + property.getKey(),
                        property.getValue(),
                        known,
                        leaves));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gateway-routes.yml", "gateway-routes.supabase.yml"})
    void hasTheProjectsRoutesToTheByte(String file) {
        assertThat(Chart.DIRECTORY.resolve("files").resolve(file)).hasSameBinaryContentAs(Path.of(file));
    }

    @Test
    void hasTheProjectsMigrationsToTheByte() throws IOException {
        Path copies = Chart.DIRECTORY.resolve("files/migrations");
        Path originals = Path.of("supabase/migrations");

        assertThat(names(copies)).isNotEmpty().isEqualTo(names(originals));
        for (String name : names(originals)) {
            assertThat(copies.resolve(name)).hasSameBinaryContentAs(originals.resolve(name));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void rendersForAClusterOnOneMachine() throws IOException {
        Chart chart = Chart.with(Files.readString(Chart.DIRECTORY.resolve("values-dev.yaml")));

        assertThat(chart.pod().getSpec().getContainers()).hasSize(1);
    }

    @Test
    void tellsTheFirstRequestAndWhatToMind() {
        assertThat(Chart.notes(""))
                .contains("port-forward svc/edge-sluice 8080:80", "/v1/supabase/signed-url", "helm test edge -n gate")
                .contains("curl -i http://localhost:8080/v1/supabase/signed-url")
                .doesNotContain("WARNING");
        assertThat(Chart.notes("""
                                replicas: 1
                                journal: {persistent: false}
                                ingress: {enabled: true, hosts: [files.example.com], tlsSecret: tls}
                                monitoring: {serviceMonitor: {enabled: true}, rules: {enabled: true}}
                                """))
                .contains(
                        "POST https://files.example.com/v1/supabase/signed-url",
                        "curl -i https://files.example.com/v1/supabase/signed-url",
                        "journal dies with its pod",
                        "one replica",
                        "trusted-proxies",
                        "networkPolicy.managementFrom",
                        "monitoring.rules.runbook");
    }

    /** The statements are those of the project's own README. */
    @Test
    void tellsHowSomebodyIsLetIn() throws IOException {
        List<String> told = statements(Files.readString(Path.of("README.md")));

        assertThat(told).hasSize(3);
        assertThat(statements(Files.readString(Chart.DIRECTORY.resolve("README.md"))))
                .isEqualTo(told);
        assertThat(Chart.notes("")).contains(told);
    }

    private static List<String> statements(String readme) {
        return Pattern.compile("^psql \"\\$DATABASE_URL\" -c \"(.*)\"$", Pattern.MULTILINE)
                .matcher(readme)
                .results()
                .map(line -> line.group(1).replace("\\\"", "\"") + ";")
                .toList();
    }

    @Test
    void warnsWhereClientsLoseTheirAddresses() {
        assertThat(Chart.notes("service: {type: LoadBalancer}")).contains("WARNING: if the load balancer is a proxy");
        assertThat(Chart.notes("service: {type: LoadBalancer, externalTrafficPolicy: Cluster}"))
                .contains("WARNING: without service.externalTrafficPolicy=Local");
        assertThat(Chart.notes("service: {type: NodePort}")).contains("externalTrafficPolicy=Local");
        assertThat(Chart.notes("{service: {type: LoadBalancer},"
                        + " config: {sluice: {client-address: {trusted-proxies: 10.0.0.0/8}}}}"))
                .doesNotContain("WARNING");
    }

    @Test
    void addsManifestsOfItsUser() {
        Chart chart = Chart.with("""
                extraObjects:
                  - {apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-object"}}
                  - |
                    apiVersion: v1
                    kind: ConfigMap
                    metadata: {name: "{{ .Release.Name }}-text"}
                """);

        assertThat(chart.one(ConfigMap.class, "edge-object")).isNotNull();
        assertThat(chart.one(ConfigMap.class, "edge-text")).isNotNull();
    }

    /** The check that all tests of this package lean on: it must find what a cluster would refuse. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{apiVersion: v1, kind: Secret, metadata: {name: a}, datas: {}}",
                "{apiVersion: apps/v1, kind: Deployment, spec: {replica: 3}}",
                "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: three}}",
                "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: '3'}}",
                "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, imagePullPolicyy: Always}]}}",
                "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, env: [{name: A, value: true}]}]}}",
                "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, env: [{name: A, value: 1}]}]}}",
                "{apiVersion: v1, kind: Pod, spec: {containers: {name: a}}}",
                "{apiVersion: v1, kind: ConfigMap, data: {a: '1', a: '2'}}",
                "{apiVersion: v1, kind: Deployment}",
                "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, spec: {endpoints: [{portt: m}]}}",
                "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, spec: {parentRef: []}}"
            })
    void failsAtWhatAClusterWouldRefuse(String manifest) {
        assertThatThrownBy(() -> Manifests.parse(manifest)).isInstanceOf(RuntimeException.class);
    }
}
