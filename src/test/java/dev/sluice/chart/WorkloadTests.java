package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/** The pods: how they are kept, what they are told, how they start and end. */
class WorkloadTests {

    private static final Chart DEFAULTS = Chart.with("");

    @Test
    void keepsTheJournalOfEachInstanceByDefault() {
        StatefulSet set = DEFAULTS.one(StatefulSet.class);

        assertThat(DEFAULTS.all(Deployment.class)).isEmpty();
        assertThat(set.getSpec().getReplicas()).isEqualTo(3);
        assertThat(set.getSpec().getServiceName()).isEqualTo("edge-sluice-management");
        assertThat(DEFAULTS.one(Service.class, set.getSpec().getServiceName())
                        .getSpec()
                        .getClusterIP())
                .isEqualTo("None");
        assertThat(set.getSpec().getVolumeClaimTemplates())
                .singleElement()
                .satisfies(claim -> assertThat(
                                claim.getSpec().getResources().getRequests().get("storage"))
                        .hasToString("2Gi"));
        assertThat(set.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenDeleted())
                .isEqualTo("Retain");
        assertThat(set.getSpec().getPersistentVolumeClaimRetentionPolicy().getWhenScaled())
                .isEqualTo("Retain");
        assertThat(set.getSpec().getSelector().getMatchLabels())
                .isEqualTo(selected(set.getSpec().getTemplate().getMetadata().getLabels()));
    }

    private static Map<String, String> selected(Map<String, String> labels) {
        Map<String, String> selected = new LinkedHashMap<>(labels);
        selected.keySet().removeIf(key -> !key.matches("app.kubernetes.io/(name|instance|component)"));
        return selected;
    }

    @Test
    void isADeploymentWhereTheJournalMayDie() {
        Chart chart = Chart.with("journal: {persistent: false, volumeSize: 4Gi}");
        Deployment deployment = chart.one(Deployment.class);

        assertThat(chart.all(StatefulSet.class)).isEmpty();
        assertThat(deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable())
                .isEqualTo(new IntOrString(0));
        assertThat(deployment.getSpec().getTemplate().getSpec().getVolumes())
                .filteredOn(volume -> volume.getName().equals("journal"))
                .singleElement()
                .satisfies(volume ->
                        assertThat(volume.getEmptyDir().getSizeLimit()).hasToString("4Gi"));
    }

    @Test
    void claimsTheVolumesOfAStorageClass() {
        assertThat(Chart.with("journal: {storageClass: fast}")
                        .one(StatefulSet.class)
                        .getSpec()
                        .getVolumeClaimTemplates()
                        .get(0)
                        .getSpec()
                        .getStorageClassName())
                .isEqualTo("fast");
    }

    @Test
    void mountsWhatEveryMountNames() {
        Chart chart = Chart.with("{migrations: {enabled: true, existingSecret: a}, journal: {persistent: false}}");

        assertThat(podSpecs(chart))
                .hasSize(4)
                .allSatisfy(spec -> containers(spec)
                        .forEach(container -> assertThat(
                                        spec.getVolumes().stream().map(volume -> volume.getName()))
                                .containsAll(container.getVolumeMounts().stream()
                                        .map(mount -> mount.getName())
                                        .toList())));
        podSpecs(chart)
                .flatMap(spec -> spec.getVolumes().stream())
                .filter(volume -> volume.getConfigMap() != null)
                .forEach(volume -> assertThat(
                                chart.one(ConfigMap.class, volume.getConfigMap().getName()))
                        .isNotNull());
    }

    /** Pod Security "restricted", and more: a read-only root and no token. */
    @Test
    void restrictsEveryPod() {
        Chart chart = Chart.with("migrations: {enabled: true, databaseUrl: 'postgres://p'}");

        assertThat(podSpecs(chart)).hasSize(4).allSatisfy(spec -> {
            assertThat(spec.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(spec.getSecurityContext().getRunAsUser()).isEqualTo(65532);
            assertThat(spec.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
            assertThat(spec.getAutomountServiceAccountToken()).isFalse();
            assertThat(spec.getHostNetwork()).isNull();
            assertThat(containers(spec)).isNotEmpty().allSatisfy(container -> {
                assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                        .isFalse();
                assertThat(container.getSecurityContext().getReadOnlyRootFilesystem())
                        .isTrue();
                assertThat(container.getSecurityContext().getCapabilities().getDrop())
                        .containsExactly("ALL");
                assertThat(container.getSecurityContext().getCapabilities().getAdd())
                        .isEmpty();
                assertThat(container.getResources().getLimits()).containsKey("memory");
                assertThat(container.getImage()).matches("[a-z/]+:[0-9][0-9a-z.-]+");
            });
        });
    }

    @Test
    void leavesItsUserToTheClusterWhereTold() {
        Chart chart = Chart.with("""
                podSecurity: {runAsUser: null, runAsGroup: null, fsGroup: null}
                migrations: {enabled: true, existingSecret: a}
                """);

        assertThat(podSpecs(chart)).hasSize(4).allSatisfy(spec -> {
            assertThat(spec.getSecurityContext().getRunAsUser()).isNull();
            assertThat(spec.getSecurityContext().getRunAsGroup()).isNull();
            assertThat(spec.getSecurityContext().getFsGroup()).isNull();
            assertThat(spec.getSecurityContext().getRunAsNonRoot()).isTrue();
        });
        assertThat(Chart.with("podSecurity: {fsGroup: 1000800000}")
                        .pod()
                        .getSpec()
                        .getSecurityContext()
                        .getFsGroup())
                .isEqualTo(1_000_800_000);
    }

    /** So that a namespace's quota of CPU lets them in; those of Sluice itself are its user's affair. */
    @Test
    void limitsWhatRunsBesideIt() {
        Chart chart = Chart.with("migrations: {enabled: true, existingSecret: a}");

        assertThat(beside(chart))
                .hasSize(3)
                .allSatisfy(container ->
                        assertThat(container.getResources().getLimits()).containsKeys("cpu", "memory"));
        assertThat(beside(Chart.with("""
                                migrations: {enabled: true, existingSecret: a, resources: {limits: {memory: 1Gi}}}
                                tests: {resources: {limits: {memory: 1Gi}}}
                                """)))
                .hasSize(3)
                .allSatisfy(container -> assertThat(
                                container.getResources().getLimits().get("memory"))
                        .hasToString("1Gi"));
    }

    private static List<Container> beside(Chart chart) {
        return podSpecs(chart)
                .flatMap(spec -> spec.getContainers().stream())
                .filter(container -> !container.getName().equals("sluice"))
                .toList();
    }

    private static Stream<PodSpec> podSpecs(Chart chart) {
        return Stream.concat(
                Stream.of(chart.pod().getSpec()),
                Stream.concat(
                        chart.all(Pod.class).stream().map(Pod::getSpec),
                        chart.all(Job.class).stream()
                                .map(job -> job.getSpec().getTemplate().getSpec())));
    }

    private static List<Container> containers(PodSpec spec) {
        return Stream.concat(spec.getInitContainers().stream(), spec.getContainers().stream())
                .toList();
    }

    @Test
    void asksForHealthOnTheManagementPort() {
        Container container = container(DEFAULTS);

        assertThat(Stream.of(container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe())
                        .map(Probe::getHttpGet))
                .allSatisfy(get -> assertThat(get.getPort()).isEqualTo(new IntOrString("management")))
                .extracting(get -> get.getPath())
                .containsExactly(
                        "/actuator/health/liveness", "/actuator/health/liveness", "/actuator/health/readiness");
        assertThat(container.getPorts()).anySatisfy(port -> {
            assertThat(port.getName()).isEqualTo("management");
            assertThat(port.getContainerPort()).isEqualTo(8081);
        });
        assertThat(Chart.with("startupSeconds: 301")
                        .pod()
                        .getSpec()
                        .getContainers()
                        .get(0)
                        .getStartupProbe())
                .satisfies(probe -> assertThat(probe.getFailureThreshold() * probe.getPeriodSeconds())
                        .isBetween(301, 303));
    }

    @Test
    void waitsBeforeItStopsAndIsGivenTheTimeForIt() {
        PodSpec spec = DEFAULTS.pod().getSpec();

        assertThat(container(DEFAULTS).getLifecycle().getPreStop().getSleep().getSeconds())
                .isEqualTo(10);
        assertThat(spec.getTerminationGracePeriodSeconds()).isEqualTo(60);
        assertThat(environment(DEFAULTS)).containsEntry("SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE", "30s");

        Chart other = Chart.with("shutdown: {preStopSeconds: 0, requestSeconds: 3600, graceSeconds: 3610}");
        assertThat(container(other).getLifecycle()).isNull();
        assertThat(other.pod().getSpec().getTerminationGracePeriodSeconds()).isEqualTo(3610);
        assertThatCode(() -> Chart.with("{shutdown: {graceSeconds: 70}, config: {sluice: {shutdown: {delay: 20s}}}}"))
                .doesNotThrowAnyException();
        assertThat(environment(other)).containsEntry("SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE", "3600s");
    }

    @Test
    void replacesPodsWhenWhatTheyReadAtTheirStartChanges() {
        Map<String, String> before = annotations(DEFAULTS);

        assertThat(before).containsOnlyKeys("checksum/config", "checksum/secret");
        assertThat(annotations(Chart.with("config: {sluice: {redis: {timeout: 200ms}}}"))
                        .get("checksum/config"))
                .isNotEqualTo(before.get("checksum/config"));
        assertThat(annotations(Chart.with("secret: {SUPABASE_JWT_SECRET: another}"))
                        .get("checksum/secret"))
                .isNotEqualTo(before.get("checksum/secret"));
        assertThat(annotations(Chart.of("existingSecret: mine"))).containsOnlyKeys("checksum/config");
    }

    private static Map<String, String> annotations(Chart chart) {
        return chart.pod().getMetadata().getAnnotations();
    }

    @Test
    void changesRoutesInPlaceWithinAVersion() {
        Chart changed = Chart.with(LIMITS);

        assertThat(changed.pod()).isEqualTo(DEFAULTS.pod());
        assertThat(routes(changed).getData()).isNotEqualTo(routes(DEFAULTS).getData());
        assertThat(routes(changed).getImmutable()).isNull();
        assertThat(routes(DEFAULTS).getMetadata().getName())
                .as("another version's pods have another file")
                .isEqualTo("edge-sluice-routes-0-1-0");
    }

    /** No pod that runs can see the new file, and none that starts anew during the update the wrong one. */
    @Test
    void givesEachRoutesFilePodsOfItsOwnWithoutLiveReload() {
        String told = "routes: {liveReload: false}\n";
        Chart before = Chart.with(told);
        Chart after = Chart.with(told + LIMITS);

        assertThat(routes(before).getMetadata().getName())
                .isEqualTo(routes(Chart.with(told)).getMetadata().getName())
                .isNotEqualTo(routes(after).getMetadata().getName())
                .isNotEqualTo(routes(DEFAULTS).getMetadata().getName());
        assertThat(List.of(before, after))
                .allSatisfy(chart -> assertThat(routes(chart).getImmutable()).isTrue());
    }

    private static final String LIMITS = "limits: {operations: {upload: {redis: 5/1m}}}";

    private static ConfigMap routes(Chart chart) {
        return chart.pod().getSpec().getVolumes().stream()
                .filter(volume -> volume.getName().equals("routes"))
                .map(volume -> chart.one(ConfigMap.class, volume.getConfigMap().getName()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void readsTheRoutesFromADirectoryThatIsUpdated() {
        assertThat(environment(DEFAULTS)).containsEntry("SLUICE_ROUTES", "/etc/sluice/routes/gateway-routes.yml");
        assertThat(container(DEFAULTS).getVolumeMounts())
                .filteredOn(mount -> mount.getName().equals("routes"))
                .singleElement()
                .satisfies(mount -> {
                    assertThat(mount.getMountPath()).isEqualTo("/etc/sluice/routes");
                    assertThat(mount.getSubPath()).isNull();
                });
    }

    @Test
    void takesWhatItNeedsFromOneSecret() {
        assertThat(DEFAULTS.one(Secret.class).getStringData())
                .containsOnlyKeys("SUPABASE_URL", "SUPABASE_SERVICE_KEY", "SPRING_DATA_REDIS_URL");
        assertThat(secretKeys(DEFAULTS, "edge-sluice"))
                .contains(Map.entry("SUPABASE_URL", false), Map.entry("SLUICE_MANAGEMENT_TOKEN", true));

        Chart existing = Chart.of("existingSecret: mine");
        assertThat(existing.all(Secret.class)).isEmpty();
        assertThat(secretKeys(existing, "mine")).isEqualTo(secretKeys(DEFAULTS, "edge-sluice"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "existingSecret: mine                                                         | false",
                "{existingSecret: mine, extraEnv: [{name: SPRING_DATA_REDIS_PORT, value: '1'}]} | false",
                "{existingSecret: mine, extraEnv: [{name: SPRING_DATA_REDIS_HOST, value: r}]} | true",
                "{existingSecret: mine, extraEnvFrom: [{secretRef: {name: redis}}]}           | true",
                "{existingSecret: mine, config: {spring: {data: {redis: {host: redis}}}}}     | true"
            })
    void startsNoPodWithoutARedis(String values, boolean optional) {
        assertThat(secretKeys(Chart.of(values), "mine")).containsEntry("SPRING_DATA_REDIS_URL", optional);
    }

    @Test
    void prefersAVariableThatItsUserSets() {
        Chart chart = Chart.with(
                "extraEnv: [{name: SPRING_DATA_REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: r, key: p}}}]");

        assertThat(secretKeys(chart, "edge-sluice")).doesNotContainKey("SPRING_DATA_REDIS_PASSWORD");
        assertThat(secretKeys(chart, "r")).containsKey("SPRING_DATA_REDIS_PASSWORD");
        assertThat(container(chart).getEnv()).extracting(EnvVar::getName).doesNotHaveDuplicates();
    }

    private static Map<String, Boolean> secretKeys(Chart chart, String secret) {
        Map<String, Boolean> keys = new LinkedHashMap<>();
        container(chart).getEnv().stream()
                .filter(variable -> variable.getValueFrom() != null
                        && variable.getValueFrom().getSecretKeyRef().getName().equals(secret))
                .forEach(variable -> keys.put(
                        variable.getName(),
                        Boolean.TRUE.equals(
                                variable.getValueFrom().getSecretKeyRef().getOptional())));
        return keys;
    }

    @Test
    void passesItsSettingsOn() {
        Chart chart = Chart.with("""
                config: {sluice: {usage: {max-backlog: 5000000}, supabase: {public-url: "https://files.example.com"}}}
                logFormat: ""
                tracing: {endpoint: "http://collector:4318/v1/traces"}
                jvmOptions: -Xlog:gc
                journal: {maxSize: 512MB}
                """);

        Map<String, Object> config = new Yaml()
                .load(chart.one(ConfigMap.class, "edge-sluice-config").getData().get("application.yml"));
        assertThat(String.valueOf(config.get("sluice"))).contains("max-backlog=5000000", "https://files.example.com");
        assertThat(environment(chart))
                .containsEntry("MANAGEMENT_TRACING_EXPORT_ENABLED", "true")
                .containsEntry("MANAGEMENT_TRACING_SAMPLING_PROBABILITY", "0.05")
                .containsEntry("JAVA_TOOL_OPTIONS", "-Xlog:gc")
                .containsEntry("SLUICE_JOURNAL_MAXSIZE", "512MB")
                .doesNotContainKey("LOGGING_STRUCTURED_FORMAT_CONSOLE");
        assertThat(environment(DEFAULTS))
                .containsEntry("LOGGING_STRUCTURED_FORMAT_CONSOLE", "ecs")
                .doesNotContainKeys("MANAGEMENT_TRACING_EXPORT_ENABLED", "JAVA_TOOL_OPTIONS");
    }

    private static Map<String, String> environment(Chart chart) {
        Map<String, String> environment = new LinkedHashMap<>();
        container(chart).getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .forEach(variable -> environment.put(variable.getName(), variable.getValue()));
        return environment;
    }

    private static Container container(Chart chart) {
        return chart.pod().getSpec().getContainers().get(0);
    }

    @Test
    void choosesTheImage() {
        assertThat(container(DEFAULTS).getImage()).isEqualTo("sluice:0.1.0");
        assertThat(container(Chart.with("image: {repository: r/s, tag: '1'}")).getImage())
                .isEqualTo("r/s:1");
        String digest = "sha256:" + "0a".repeat(32);
        assertThat(container(Chart.with("image: {tag: '1', digest: '%s'}".formatted(digest)))
                        .getImage())
                .isEqualTo("sluice@" + digest);
    }

    @Test
    void scalesByCpuAndByBytesUnderWay() {
        assertThat(DEFAULTS.all(HorizontalPodAutoscaler.class)).isEmpty();

        Chart chart = Chart.scaled("autoscaling: {enabled: true, targetBytesInFlight: 2Gi}");
        HorizontalPodAutoscaler scaler = chart.one(HorizontalPodAutoscaler.class);
        assertThat(chart.one(StatefulSet.class).getSpec().getReplicas()).isNull();
        assertThat(scaler.getSpec().getScaleTargetRef().getKind()).isEqualTo("StatefulSet");
        assertThat(scaler.getSpec().getMetrics())
                .extracting(MetricSpec::getType)
                .containsExactly("Resource", "Pods");
        assertThat(Chart.scaled("{autoscaling: {enabled: true}, journal: {persistent: false}}")
                        .one(HorizontalPodAutoscaler.class)
                        .getSpec())
                .satisfies(spec -> {
                    assertThat(spec.getScaleTargetRef().getKind()).isEqualTo("Deployment");
                    assertThat(spec.getMetrics()).hasSize(1);
                });
    }

    /** Left out, they would be one as soon as Helm takes out those of the release before. */
    @Test
    void beginsToScaleWithThePodsThatThereAre() throws IOException {
        try (Cluster cluster = new Cluster(7)) {
            assertThat(replicas(Chart.scaled("autoscaling: {enabled: true}", cluster)))
                    .isEqualTo(7);
            assertThat(replicas(Chart.scaled("replicas: 3", cluster))).isEqualTo(3);
            assertThat(Chart.scaled("{autoscaling: {enabled: true}, fullnameOverride: other}", cluster)
                            .one(StatefulSet.class, "other")
                            .getSpec()
                            .getReplicas())
                    .isNull();
        }
    }

    private static Integer replicas(Chart chart) {
        return chart.one(StatefulSet.class).getSpec().getReplicas();
    }

    @Test
    void keepsMostPodsWhileNodesAreDrained() {
        PodDisruptionBudget budget = DEFAULTS.one(PodDisruptionBudget.class);

        assertThat(budget.getSpec().getMaxUnavailable()).isEqualTo(new IntOrString(1));
        assertThat(budget.getSpec().getSelector())
                .isEqualTo(DEFAULTS.one(StatefulSet.class).getSpec().getSelector());
        assertThat(Chart.with("podDisruptionBudget: {enabled: false}").all(PodDisruptionBudget.class))
                .isEmpty();
    }

    @Test
    void spreadsOverZonesAndNodes() {
        assertThat(DEFAULTS.pod().getSpec().getTopologySpreadConstraints())
                .extracting(TopologySpreadConstraint::getTopologyKey)
                .containsExactlyInAnyOrder("kubernetes.io/hostname", "topology.kubernetes.io/zone");
        assertThat(Chart.with("topologySpread: {zone: '', host: DoNotSchedule}")
                        .pod()
                        .getSpec()
                        .getTopologySpreadConstraints())
                .extracting(TopologySpreadConstraint::getWhenUnsatisfiable)
                .containsExactly("DoNotSchedule");
        assertThat(Chart.with("topologySpread: {zone: '', host: ''}")
                        .pod()
                        .getSpec()
                        .getTopologySpreadConstraints())
                .isEmpty();
    }

    @Test
    void hasAnAccountWithoutAToken() {
        assertThat(DEFAULTS.one(ServiceAccount.class).getAutomountServiceAccountToken())
                .isFalse();

        Chart others = Chart.with("serviceAccount: {create: false, name: shared}");
        assertThat(others.all(ServiceAccount.class)).isEmpty();
        assertThat(others.pod().getSpec().getServiceAccountName()).isEqualTo("shared");
    }

    @Test
    void takesFurtherSettingsOfAPod() {
        PodSpec spec = Chart.with("""
                        imagePullSecrets: [{name: registry}]
                        nodeSelector: {pool: edge}
                        tolerations: [{key: edge, operator: Exists}]
                        affinity: {nodeAffinity: {}}
                        priorityClassName: high
                        extraEnvFrom: [{configMapRef: {name: more}}]
                        extraVolumes: [{name: ca, secret: {secretName: redis-ca}}]
                        extraVolumeMounts: [{name: ca, mountPath: /etc/sluice/ca}]
                        podLabels: {team: edge}
                        """).pod().getSpec();

        assertThat(spec.getImagePullSecrets()).hasSize(1);
        assertThat(spec.getNodeSelector()).containsEntry("pool", "edge");
        assertThat(spec.getTolerations()).hasSize(1);
        assertThat(spec.getAffinity().getNodeAffinity()).isNotNull();
        assertThat(spec.getPriorityClassName()).isEqualTo("high");
        assertThat(spec.getContainers().get(0).getEnvFrom()).hasSize(1);
        assertThat(spec.getContainers().get(0).getVolumeMounts())
                .anyMatch(mount -> mount.getName().equals("ca"));
    }
}
