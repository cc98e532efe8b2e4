package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
                "limits: {operations: {upload: {rate: 5/1m}}}                 | 'rate'",
                "limits: {operations: {signed_url: {redis: 5/1m}}}            | signed_url",
                "limits: {plans: {pro: {upload: {redis: 5/1m}}}}              | /limits/plans/pro",
                "config: {sluice.redis.timeout: 200ms}                        | sluice.redis.timeout",
                "journal: {volumeSize: 2GB}                                   | /journal/volumeSize",
                "journal: {maxSize: 1Gi}                                      | /journal/maxSize",
                "tracing: {samplingProbability: 5}                            | /tracing/samplingProbability",
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
                "config: {server: {port: 9090}}                               | config.server.port",
                "config: {management: {server: {port: 9090}}}                 | config.management.server.port",
                "config: {sluice: {journal: {directory: /data}}}              | config.sluice.journal.directory",
                "extraEnv: [{name: SLUICE_JOURNAL, value: /data}]             | SLUICE_JOURNAL is set by the chart",
                "routes: {content: 'a: b', preset: supabase}                  | say one",
                "routes: {content: 'a: b: c'}                                 | not YAML",
                "routes: {content: 'a: b'}                                    | has no routes",
                "shutdown: {graceSeconds: 49}                                 | at least 50",
                "shutdown: {preStopSeconds: 30}                               | at least 70",
                "shutdown: {requestSeconds: 300}                              | at least 320",
                "journal: {maxSize: 3GB}                                      | less than journal.maxSize",
                "{config: {sluice: {upload: {unknown-length: spool}}}, tmpSize: 1Gi} | tmpSize",
                "{config: {sluice: {upload: {unknown-length: spool, max-spool-size: 4GB}}}} | tmpSize",
                "autoscaling: {enabled: true, minReplicas: 11}                | minReplicas",
                "{autoscaling: {enabled: true}, resources: {requests: null}}  | resources.requests.cpu",
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
                "{existingSecret: mine, config: {sluice: {signed-url: {signer: s3}}}}"
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
}
