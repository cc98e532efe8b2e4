package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/** Values that are refused, by the schema or because they cannot work together, and what is said then. */
class RefusalTests {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "replica: 3                                                   | 'replica'",
                "replicas: three                                              | /replicas",
                "image: {repo: sluice}                                        | 'repo'",
                "image: {digest: abc}                                         | /image/digest",
                "secret: {SUPABASE_KEY: x}                                    | 'SUPABASE_KEY'",
                "secret: {SUPABASE_URL: abc.supabase.co}                      | /secret/SUPABASE_URL",
                "secret: {SLUICE_MANAGEMENT_TOKEN: short}                     | /secret/SLUICE_MANAGEMENT_TOKEN",
                "secret: {SPRING_DATA_REDIS_URL: 'redis:6379'}                | /secret/SPRING_DATA_REDIS_URL",
                "routes: {preset: storage}                                    | /routes/preset",
                "limits: {operations: {upload: {redis: lots}}}                | /limits/operations/upload/redis",
                "limits: {operations: {upload: {redis: 2000000000/1m}}}       | /limits/operations/upload/redis",
                "limits: {defaultRequests: -1}                                | /limits/defaultRequests",
                "limits: {operations: {upload: {rate: 5/1m}}}                 | 'rate'",
                "limits: {operations: {signed_url: {redis: 5/1m}}}            | signed_url",
                "limits: {plans: {pro: {upload: {redis: 5/1m}}}}              | /limits/plans/pro",
                "config: {sluice.redis.timeout: 200ms}                        | sluice.redis.timeout",
                "journal: {volumeSize: 2GB}                                   | /journal/volumeSize",
                "journal: {maxSize: 1Gi}                                      | /journal/maxSize",
                "tracing: {samplingProbability: 5}                            | /tracing/samplingProbability",
                "shutdown: {requestSeconds: 5}                                | /shutdown/requestSeconds",
                "podSecurity: {runAsUser: 0}                                  | /podSecurity/runAsUser",
                "service: {externalTrafficPolicy: local}                      | /service/externalTrafficPolicy",
                "topologySpread: {zone: Always}                               | /topologySpread/zone",
                "podDisruptionBudget: {maxUnavailable: 0}                     | /podDisruptionBudget/maxUnavailable",
                "extraEnv: [{name: A, valeu: b}]                              | 'valeu'",
                "ingress: {host: files.example.com}                           | 'host'",
                "monitoring: {alerts: {}}                                     | 'alerts'"
            })
    void refusesWhatTheSchemaDoesNotKnow(String values, String named) {
        assertThatThrownBy(() -> Chart.with(values)).hasMessageContaining(named).hasMessageContaining("schema");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "existingSecret: mine                                         | say one",
                "config: {sluice: {signed-url: {signer: local}}}              | secret.SUPABASE_JWT_SECRET",
                "config: {sluice: {signed-url: {signer: s3}}}                 | secret.SLUICE_S3_ACCESS_KEY",
                "config: {sluice: {operations: {upload: {}, a: {}}}}          | limits.operations",
                "config: {sluice: {plans: {pro: {}}}}                         | limits.plans",
                "config: {sluice: {quota: {default-limit: 5}}}                | limits.defaultRequests",
                "config: {spring: {cloud: {gateway: {server: {webflux: {routes: [{}]}}}}}} | routes.content",
                "extraEnv: [{name: SLUICE_OPERATIONS_UPLOAD_REDIS, value: 5/1m}] | limits.operations",
                "extraEnv: [{name: SLUICE_PLANS_PRO_OPERATIONS_UPLOAD_REDIS, value: 5/1m}] | limits.plans",
                "extraEnv: [{name: SLUICE_QUOTA_DEFAULTLIMIT, value: '5'}]    | limits.defaultRequests",
                "extraEnv: [{name: SLUICE_QUOTA_DEFAULT_LIMIT, value: '5'}]   | limits.defaultRequests",
                "extraEnv: [{name: SPRING_CLOUD_GATEWAY_SERVER_WEBFLUX_ROUTES_0_ID, value: a}] | routes.content",
                "extraEnv: [{name: SERVER_PORT, value: '9090'}]               | SERVER_PORT is the chart's",
                "extraEnv: [{name: MANAGEMENT_SERVER_PORT, value: '9090'}]    | MANAGEMENT_SERVER_PORT is the chart's",
                "extraEnv: [{name: SLUICE_SHUTDOWN_DELAY, value: 20s}]        | config.sluice.shutdown.delay",
                "extraEnv: [{name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]         | jvmOptions",
                "jvmOptions: -Xmx600m -XX:+UseZGC                             | -XX:+UseZGC is fixed",
                "jvmOptions: -XX:-UseG1GC                                     | -XX:-UseG1GC is fixed",
                "limits: {operations: {upload: {redis: [10/1s, 5/32d]}}}      | 5/32d is longer than 31d",
                "limits: {plans: {pro: {operations: {upload: {memory: 5/745h}}}}} | 5/745h is longer than 31d",
                "limits: {operations: {upload: {redis: [10/60s, 5/1m]}}}      | two rates for the window of 60 s",
                "limits: {operations: {thumbnail: {redis: 5/1m}}}             | needs both memory and redis",
                "limits: {plans: {pro: {operations: {thumbnail: {redis: 5/1m}}}}} | there is no such operation",
                "config: {server: {port: 9090}}                               | config.server.port",
                "config: {management: {server: {port: 9090}}}                 | config.management.server.port",
                "config: {sluice: {journal: {directory: /data}}}              | config.sluice.journal.directory",
                "extraEnv: [{name: SLUICE_JOURNAL, value: /data}]             | SLUICE_JOURNAL is set by the chart",
                "routes: {content: 'a: b', preset: supabase}                  | say one",
                "routes: {content: 'a: b: c'}                                 | not YAML",
                "routes: {content: 'a: b'}                                    | has no routes",
                "routes: {content: 'spring.cloud.gateway.server.webflux: {routes: [{id: a}]}'} | nested",
                "shutdown: {graceSeconds: 49}                                 | at least 50",
                "shutdown: {preStopSeconds: 30}                               | at least 70",
                "shutdown: {requestSeconds: 300}                              | at least 320",
                "config: {sluice: {shutdown: {delay: 20s}}}                   | at least 70",
                "config: {sluice: {shutdown: {delay: 10500ms}}}               | at least 61",
                "config: {sluice: {shutdown: {delay: PT20S}}}                 | write PT20S in seconds",
                "journal: {maxSize: 3GB}                                      | less than journal.maxSize",
                "{config: {sluice: {upload: {unknown-length: spool}}}, tmpSize: 1Gi} | tmpSize",
                "{config: {sluice: {upload: {unknown-length: spool, max-spool-size: 4GB}}}} | tmpSize",
                "autoscaling: {enabled: true, minReplicas: 11}                | minReplicas",
                "{autoscaling: {enabled: true}, resources: {requests: null}}  | resources.requests.cpu",
                "service: {externalTrafficPolicy: Local}                      | NodePort and LoadBalancer",
                "service: {type: NodePort, loadBalancerSourceRanges: [10.0.0.0/8]} | networkPolicy.edgeFrom",
                "ingress: {enabled: true}                                     | ingress.hosts",
                "httpRoute: {enabled: true}                                   | httpRoute.parentRefs",
                "migrations: {enabled: true}                                  | migrations needs one of",
                "migrations: {enabled: true, existingSecret: a, databaseUrl: 'postgres://b'} | migrations needs one of"
            })
    void refusesWhatCannotWorkAndSaysWhatToDo(String values, String told) {
        assertThatThrownBy(() -> Chart.with(values)).hasMessageContaining(told);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                                              | secret.SUPABASE_URL is needed",
                "secret: {SUPABASE_URL: 'https://a.b'}                           | secret.SUPABASE_SERVICE_KEY is needed",
                "secret: {SUPABASE_URL: 'https://a.b', SUPABASE_SERVICE_KEY: k}  | No Redis is given"
            })
    void asksForWhatItNeeds(String values, String told) {
        assertThatThrownBy(() -> Chart.of(values)).hasMessageContaining(told);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "existingSecret: mine",
                "{secret: {SUPABASE_URL: 'https://a.b', SUPABASE_SERVICE_KEY: k},"
                        + " config: {spring: {data: {redis: {cluster: {nodes: 'redis-0:6379'}}}}}}",
                "{secret: {SUPABASE_URL: 'https://a.b'}, extraEnv: [{name: SUPABASE_SERVICE_KEY, value: k},"
                        + " {name: SPRING_DATA_REDIS_HOST, value: redis}]}",
                "{existingSecret: mine, config: {sluice: {signed-url: {signer: s3}}}}",
                "{existingSecret: mine, jvmOptions: '-Xmx600m -XX:+UseStringDeduplication -XX:GCTimeRatio=9'}",
                "{existingSecret: mine, limits: {operations: {thumbnail: {memory: 5/1m, redis: [5/1s, 9/31d]}},"
                        + " plans: {pro: {operations: {thumb-nail: {redis: 6/1m}}}}}}",
                "{existingSecret: mine, limits: {operations: {signedurl: {redis: 5/1m}}}}"
            })
    void takesEachWayOfSayingWhatItNeeds(String values) {
        assertThatCode(() -> Chart.of(values)).doesNotThrowAnyException();
    }

    @Test
    void refusesRoutesThatSluiceWouldRefuse() {
        String twice = """
                routes:
                  content: |
                    spring: {cloud: {gateway: {server: {webflux: {routes: [{id: a, uri: "no://op"}, {id: a, uri: "no://op"}]}}}}}
                """;

        assertThatThrownBy(() -> Chart.with(twice)).hasMessageContaining("two routes have the id a");
        assertThatThrownBy(() -> Chart.with(twice.replaceAll("id: a, ", ""))).hasMessageContaining("route 0 has no id");
        assertThat(Chart.with(twice.replaceFirst("id: a", "id: b")).manifests()).isNotEmpty();
    }

    /** What the image's JVM is started with wins over a variable, or stops the start beside it. */
    @Test
    void refusesAJvmOptionThatTheImageFixes() throws IOException {
        List<String> fixed = Files.readAllLines(Path.of("docker/jvm.options")).stream()
                .filter(line -> line.startsWith("-XX:"))
                .toList();

        assertThat(fixed)
                .isNotEmpty()
                .allSatisfy(option -> assertThatThrownBy(() -> Chart.with("jvmOptions: " + option))
                        .hasMessageContaining("is fixed in the image"));
    }

    @Test
    void takesALimitOfEachOperationThatTheJarHas() throws IOException {
        Map<String, Map<String, Map<String, Object>>> jar =
                new Yaml().load(Files.readString(Path.of("src/main/resources/application.yml")));
        Set<String> operations = jar.getOrDefault("sluice", Map.of())
                .getOrDefault("operations", Map.of())
                .keySet();

        assertThat(operations)
                .contains("signed-url")
                .allSatisfy(operation -> assertThatCode(
                                () -> Chart.with("limits: {operations: {%s: {redis: 5/1m}}}".formatted(operation)))
                        .doesNotThrowAnyException());
    }

    @Test
    void mergesLimitsIntoOneNestedDocumentOnly() {
        String route = "spring: {cloud: {gateway: {server: {webflux: {routes: [{id: a, uri: 'no://op'}]}}}}}";
        String content = "routes:\n  content: |\n    # ours\n    ---\n    " + route + "\n";
        String several = content + "    ---\n    a: b\n";
        String limits = "limits: {operations: {upload: {redis: 5/1m}}}\n";

        assertThatCode(() -> Chart.with(content + limits)).doesNotThrowAnyException();
        assertThatCode(() -> Chart.with(several)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Chart.with(several + limits)).hasMessageContaining("several documents");
        assertThatThrownBy(() -> Chart.with(content + "    sluice.operations: {upload: {redis: 9/1m}}\n" + limits))
                .hasMessageContaining("write it nested");
        assertThatThrownBy(() -> Chart.with(content + "    sluice: {quota.default-limit: 9}\n" + limits))
                .hasMessageContaining("write it nested");
    }
}
