package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyIngressRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Who reaches the edge and by which routes, who reaches management; and what runs beside it. */
class ExposureTests {

    private static final Chart DEFAULTS = Chart.with("");

    @Test
    void keepsEdgeAndManagementApart() {
        Service edge = DEFAULTS.one(Service.class);
        Service management = DEFAULTS.one(Service.class, "edge-sluice-management");

        assertThat(edge.getSpec().getPorts()).singleElement().satisfies(port -> {
            assertThat(port.getPort()).isEqualTo(80);
            assertThat(port.getTargetPort()).isEqualTo(new IntOrString("http"));
        });
        assertThat(management.getSpec().getPorts())
                .singleElement()
                .satisfies(port -> assertThat(port.getTargetPort()).isEqualTo(new IntOrString("management")));
        assertThat(List.of(edge, management))
                .allSatisfy(service -> assertThat(DEFAULTS.pod().getMetadata().getLabels())
                        .containsAllEntriesOf(service.getSpec().getSelector()));
        assertThat(Chart.with("service: {type: LoadBalancer, port: 8443, annotations: {a: b}}")
                        .one(Service.class))
                .satisfies(service -> {
                    assertThat(service.getSpec().getType()).isEqualTo("LoadBalancer");
                    assertThat(service.getMetadata().getAnnotations()).containsEntry("a", "b");
                });
    }

    @Test
    void keepsTheAddressesOfClientsBehindALoadBalancer() {
        assertThat(DEFAULTS.one(Service.class).getSpec().getExternalTrafficPolicy())
                .isNull();
        assertThat(Chart.with(
                                "service: {type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24, '2001:db8::/32']}")
                        .one(Service.class)
                        .getSpec())
                .satisfies(spec -> {
                    assertThat(spec.getExternalTrafficPolicy()).isEqualTo("Local");
                    assertThat(spec.getLoadBalancerSourceRanges()).containsExactly("203.0.113.0/24", "2001:db8::/32");
                });
        assertThat(Chart.with("service: {type: LoadBalancer, externalTrafficPolicy: Cluster}")
                        .one(Service.class)
                        .getSpec()
                        .getExternalTrafficPolicy())
                .isEqualTo("Cluster");
        assertThat(Chart.with("service: {type: NodePort}")
                        .one(Service.class)
                        .getSpec()
                        .getExternalTrafficPolicy())
                .isNull();
    }

    @Test
    void routesAsTheProjectsFileSays() throws IOException {
        assertThat(routes(DEFAULTS)).isEqualTo(Files.readString(Path.of("gateway-routes.yml")));
        assertThat(routes(Chart.with("routes: {preset: supabase}")))
                .isEqualTo(Files.readString(Path.of("gateway-routes.supabase.yml")));
    }

    @Test
    void mergesLimitsIntoTheRoutes() throws IOException {
        String limits = """
                limits:
                  operations:
                    upload: {redis: [10/1s, 200/1m], max-size: 50MB}
                  plans:
                    pro: {operations: {signed-url: {memory: 1000/1m}}}
                """;
        Map<String, Object> merged = new Yaml().load(routes(Chart.with(limits + "routes: {preset: supabase}")));
        Map<String, Object> original = new Yaml().load(Files.readString(Path.of("gateway-routes.supabase.yml")));

        assertThat(merged.get("spring")).isEqualTo(original.get("spring"));
        Map<String, Object> sluice = map(merged, "sluice");
        assertThat(map(sluice, "quota")).containsEntry("default-limit", 10000);
        assertThat(map(sluice, "operations", "upload"))
                .containsEntry("memory", "60/1m")
                .containsEntry("redis", List.of("10/1s", "200/1m"))
                .containsEntry("max-size", "50MB");
        assertThat(map(sluice, "plans", "pro", "operations", "signed-url")).containsEntry("memory", "1000/1m");
    }

    @Test
    void mergesTheDefaultQuotaIntoTheRoutes() {
        Chart supabase = Chart.with("{routes: {preset: supabase}, limits: {defaultRequests: 5000000}}");
        Chart nothing = Chart.with("limits: {defaultRequests: 0}");

        Map<String, Object> merged = new Yaml().load(routes(supabase));
        assertThat(map(merged, "sluice", "quota")).containsEntry("default-limit", 5_000_000);
        assertThat(map(merged, "sluice", "operations", "upload")).containsEntry("memory", "60/1m");
        assertThat(map(new Yaml().load(routes(nothing)), "sluice", "quota")).containsEntry("default-limit", 0);
    }

    @Test
    void takesARoutesFileOfItsUser() {
        String content = "spring: {cloud: {gateway: {server: {webflux: {routes: [{id: mine, uri: 'no://op'}]}}}}}";

        assertThat(routes(Chart.with("routes:\n  content: |\n    " + content))).isEqualTo(content + "\n");
    }

    private static String routes(Chart chart) {
        return chart.one(ConfigMap.class, "edge-sluice-routes-0-1-0").getData().getOrDefault("gateway-routes.yml", "");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Map<String, Object> map, String... path) {
        Object value = map;
        for (String key : path) {
            value = ((Map<String, Object>) value).getOrDefault(key, Map.of());
        }
        return (Map<String, Object>) value;
    }

    @Test
    void isReachedThroughAnIngress() {
        assertThat(DEFAULTS.all(Ingress.class)).isEmpty();

        Ingress ingress = Chart.with(
                        "ingress: {enabled: true, className: nginx, hosts: [a.example.com, b.example.com], tlsSecret: tls,"
                                + " annotations: {nginx.ingress.kubernetes.io/proxy-body-size: '0'}}")
                .one(Ingress.class);
        assertThat(ingress.getSpec().getIngressClassName()).isEqualTo("nginx");
        assertThat(ingress.getSpec().getTls())
                .singleElement()
                .satisfies(tls -> assertThat(tls.getHosts()).containsExactly("a.example.com", "b.example.com"));
        assertThat(ingress.getSpec().getRules())
                .extracting(rule -> rule.getHttp()
                        .getPaths()
                        .get(0)
                        .getBackend()
                        .getService()
                        .getName())
                .containsExactly("edge-sluice", "edge-sluice");
        assertThat(Chart.with("ingress: {enabled: true, hosts: [a]}")
                        .one(Ingress.class)
                        .getSpec()
                        .getTls())
                .isEmpty();
    }

    @Test
    void isReachedThroughAGateway() {
        assertThat(DEFAULTS.all(HTTPRoute.class)).isEmpty();

        HTTPRoute route = Chart.with("{httpRoute: {enabled: true, parentRefs: [{name: gateway, namespace: gateways}],"
                        + " hostnames: [files.example.com]}, service: {port: 8000}}")
                .one(HTTPRoute.class);
        assertThat(route.getSpec().getParentRefs())
                .singleElement()
                .satisfies(parent -> assertThat(parent.getNamespace()).isEqualTo("gateways"));
        assertThat(route.getSpec().getHostnames()).containsExactly("files.example.com");
        assertThat(route.getSpec().getRules().get(0).getBackendRefs())
                .singleElement()
                .satisfies(backend -> {
                    assertThat(backend.getName()).isEqualTo("edge-sluice");
                    assertThat(backend.getPort()).isEqualTo(8000);
                });
    }

    @Test
    void letsOnlyItsNamespaceReachManagement() {
        NetworkPolicy policy = DEFAULTS.one(NetworkPolicy.class);

        assertThat(policy.getSpec().getPodSelector())
                .satisfies(selector -> assertThat(DEFAULTS.pod().getMetadata().getLabels())
                        .containsAllEntriesOf(selector.getMatchLabels()));
        assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress");
        assertThat(rule(policy, "http").getFrom()).isEmpty();
        assertThat(rule(policy, "management").getFrom()).singleElement().satisfies(from -> {
            assertThat(from.getPodSelector()).isNotNull();
            assertThat(from.getNamespaceSelector()).isNull();
        });
        assertThat(Chart.with("networkPolicy: {enabled: false}").all(NetworkPolicy.class))
                .isEmpty();
    }

    @Test
    void letsFurtherPeersIn() {
        NetworkPolicy policy = Chart.with("""
                        networkPolicy:
                          edgeFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}]
                          managementFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
                          egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]
                        """).one(NetworkPolicy.class);

        assertThat(rule(policy, "http").getFrom())
                .anySatisfy(from -> assertThat(from.getNamespaceSelector()).isNotNull())
                .anySatisfy(from -> assertThat(from.getPodSelector().getMatchLabels())
                        .containsEntry("app.kubernetes.io/component", "test"));
        assertThat(rule(policy, "management").getFrom()).hasSize(2);
        assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
        assertThat(policy.getSpec().getEgress().get(0).getPorts())
                .allSatisfy(port -> assertThat(port.getPort()).isEqualTo(new IntOrString(53)));
        assertThat(policy.getSpec().getEgress()).hasSize(2);
    }

    private static NetworkPolicyIngressRule rule(NetworkPolicy policy, String port) {
        return policy.getSpec().getIngress().stream()
                .filter(rule -> rule.getPorts().get(0).getPort().equals(new IntOrString(port)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void migratesBeforeAnythingElseInOneTransaction() {
        assertThat(DEFAULTS.all(Job.class)).isEmpty();

        Chart chart = Chart.with("migrations: {enabled: true, databaseUrl: 'postgres://u:p@h/d'}");
        Job job = chart.one(Job.class, "edge-sluice-migrations");
        ConfigMap migrations = chart.one(ConfigMap.class, "edge-sluice-migrations");
        Secret secret = chart.one(Secret.class, "edge-sluice-migrations");
        var container = job.getSpec().getTemplate().getSpec().getContainers().get(0);

        assertThat(List.<HasMetadata>of(job, migrations, secret))
                .allSatisfy(hook -> assertThat(hook.getMetadata().getAnnotations())
                        .containsEntry("helm.sh/hook", "pre-install,pre-upgrade"));
        assertThat(weight(migrations)).isLessThan(weight(job)).isEqualTo(weight(secret));
        assertThat(container.getArgs())
                .contains("--single-transaction", "--set=ON_ERROR_STOP=1")
                .containsSubsequence(migrations.getData().keySet().stream()
                        .sorted()
                        .map(name -> "--file=/migrations/" + name)
                        .toList());
        assertThat(container.getArgs().get(container.getArgs().size() - 1)).isEqualTo("$(DATABASE_URL)");
        assertThat(secret.getStringData()).containsEntry("DATABASE_URL", "postgres://u:p@h/d");

        Chart existing = Chart.with("migrations: {enabled: true, existingSecret: db}");
        assertThat(existing.all(Secret.class)).hasSize(1);
        assertThat(existing.one(Job.class, "edge-sluice-migrations").toString()).contains("name=db");
    }

    private static int weight(HasMetadata hook) {
        return Integer.parseInt(hook.getMetadata().getAnnotations().get("helm.sh/hook-weight"));
    }

    /** A Job's files keep every byte but blanks at the ends of lines. */
    @Test
    void migratesWithTheProjectsMigrations() throws IOException {
        ConfigMap migrations = Chart.with("migrations: {enabled: true, existingSecret: db}")
                .one(ConfigMap.class, "edge-sluice-migrations");

        assertThat(migrations.getData()).isNotEmpty();
        for (Map.Entry<String, String> file : migrations.getData().entrySet()) {
            assertThat(file.getValue())
                    .isEqualToNormalizingNewlines(Files.readString(Path.of("supabase/migrations", file.getKey())));
        }
    }

    @Test
    void testsOneRequestAndOneDegradedInstance() {
        Pod smoke = DEFAULTS.one(Pod.class, "edge-sluice-test-smoke");
        Pod degraded = DEFAULTS.one(Pod.class, "edge-sluice-test-degraded");
        ConfigMap scripts = DEFAULTS.one(ConfigMap.class, "edge-sluice-test");

        assertThat(DEFAULTS.manifests())
                .as("'helm test --logs' reads the logs of every test hook, as of a pod, after its deletion by policy")
                .filteredOn(manifest -> manifest.getMetadata().getAnnotations().containsKey("helm.sh/hook"))
                .containsExactlyInAnyOrder(smoke, degraded);
        assertThat(List.of(smoke, degraded)).allSatisfy(pod -> {
            assertThat(pod.getMetadata().getAnnotations())
                    .containsEntry("helm.sh/hook", "test")
                    .containsEntry("helm.sh/hook-delete-policy", "before-hook-creation");
            assertThat(pod.getSpec().getRestartPolicy()).isEqualTo("Never");
            assertThat(pod.getMetadata().getLabels()).doesNotContainEntry("app.kubernetes.io/component", "edge");
            assertThat(pod.getSpec().getContainers().get(0).getCommand().get(1).replace("/scripts/", ""))
                    .isIn(scripts.getData().keySet());
        });
        assertThat(smoke.getSpec().getContainers().get(0).getEnv())
                .anySatisfy(variable -> assertThat(variable.getValue()).isEqualTo("http://edge-sluice:80"));
        assertThat(degraded.getSpec().getInitContainers())
                .singleElement()
                .satisfies(sidecar -> assertThat(sidecar.getRestartPolicy()).isEqualTo("Always"));
    }
}
