package dev.sluice.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What watches it: the scrape, the alerts with their runbook, the dashboard. */
class MonitoringTests {

    private static final Chart DEFAULTS = Chart.with("");
    private static final Chart WATCHED = Chart.with("""
            monitoring:
              serviceMonitor: {enabled: true, interval: 15s, labels: {release: prometheus}}
              rules: {enabled: true, labels: {release: prometheus}, runbook: "https://wiki.example.com/sluice"}
              dashboard: {enabled: true, annotations: {grafana_folder: Sluice}}
            """);

    @Test
    void isNotWatchedByDefault() {
        assertThat(DEFAULTS.all(ServiceMonitor.class)).isEmpty();
        assertThat(DEFAULTS.all(PrometheusRule.class)).isEmpty();
        assertThat(DEFAULTS.all(ConfigMap.class))
                .noneMatch(map -> map.getMetadata().getName().endsWith("-dashboard"));
    }

    @Test
    void isScrapedOnTheManagementPortOfEachInstance() {
        ServiceMonitor monitor = WATCHED.one(ServiceMonitor.class);
        Service management = WATCHED.one(Service.class, "edge-sluice-management");

        assertThat(monitor.getMetadata().getLabels()).containsEntry("release", "prometheus");
        assertThat(management.getMetadata().getLabels())
                .containsAllEntriesOf(monitor.getSpec().getSelector().getMatchLabels());
        assertThat(WATCHED.one(Service.class).getMetadata().getLabels())
                .as("the edge's Service is not scraped")
                .doesNotContainEntry(
                        "app.kubernetes.io/component",
                        monitor.getSpec().getSelector().getMatchLabels().get("app.kubernetes.io/component"));
        assertThat(monitor.getSpec().getEndpoints()).singleElement().satisfies(endpoint -> {
            assertThat(endpoint.getPort())
                    .isEqualTo(management.getSpec().getPorts().get(0).getName());
            assertThat(endpoint.getPath()).isEqualTo("/actuator/prometheus");
            assertThat(endpoint.getInterval()).isEqualTo("15s");
        });
    }

    @Test
    void linksEachAlertToAHeadingOfTheRunbook() throws IOException {
        Set<String> anchors = anchors(Files.readString(Path.of("docs/operations.md")));
        List<Rule> alerts = alerts();

        assertThat(alerts).isNotEmpty().allSatisfy(alert -> {
            String runbook = alert.getAnnotations().getOrDefault("runbook_url", "");
            assertThat(runbook).as(alert.getAlert()).startsWith("https://wiki.example.com/sluice#");
            assertThat(anchors).contains(runbook.substring(runbook.indexOf('#') + 1));
            assertThat(alert.getAnnotations()).containsKeys("summary", "description");
            assertThat(alert.getLabels().get("severity")).isIn("warning", "critical");
        });
        assertThat(alerts).extracting(Rule::getAlert).doesNotHaveDuplicates();
    }

    /** The anchors of a page's headings, as GitHub makes them. */
    private static Set<String> anchors(String markdown) {
        return markdown.lines()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT))
                .map(heading -> heading.replaceAll("[^a-z0-9 _-]", "").replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    @Test
    void alertsOfAllThatTheRunbookLists() throws IOException {
        String operations = Files.readString(Path.of("docs/operations.md"));
        String listed = operations.substring(operations.indexOf("## Alerts worth having"));
        String expressions =
                alerts().stream().map(alert -> alert.getExpr().getStrVal()).collect(Collectors.joining("\n"));
        var row = Pattern.compile("^\\| `.*", Pattern.MULTILINE).matcher(listed);

        int rows = 0;
        while (row.find()) {
            rows++;
            Set<String> metrics = Metrics.of(row.group());
            assertThat(metrics).as(row.group()).isNotEmpty();
            assertThat(Metrics.of(expressions)).containsAll(metrics);
        }
        assertThat(rows).isGreaterThanOrEqualTo(6);
    }

    private static List<Rule> alerts() {
        return WATCHED.one(PrometheusRule.class).getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .filter(rule -> rule.getAlert() != null)
                .toList();
    }

    @Test
    void bringsTheDashboardAsItIs() throws IOException {
        ConfigMap dashboard = WATCHED.one(ConfigMap.class, "edge-sluice-dashboard");
        String json = Files.readString(Chart.DIRECTORY.resolve("dashboards/sluice.json"));

        assertThat(dashboard.getMetadata().getLabels()).containsEntry("grafana_dashboard", "1");
        assertThat(dashboard.getMetadata().getAnnotations()).containsEntry("grafana_folder", "Sluice");
        assertThat(dashboard.getData().get("edge-sluice.json")).isEqualTo(json);
    }

    @Test
    void hasPanelsThatDoNotOverlapAndTellWhatTheyShow() throws IOException {
        var panels = JsonMapper.shared()
                .readTree(Files.readString(Chart.DIRECTORY.resolve("dashboards/sluice.json")))
                .path("panels");
        boolean[][] taken = new boolean[200][24];

        assertThat(panels).isNotEmpty().allSatisfy(panel -> {
            assertThat(panel.path("description").asString(""))
                    .as(panel.path("title").asString())
                    .isNotBlank();
            var place = panel.path("gridPos");
            for (int y = 0; y < place.path("h").intValue(); y++) {
                for (int x = 0; x < place.path("w").intValue(); x++) {
                    int row = place.path("y").intValue() + y;
                    int column = place.path("x").intValue() + x;
                    assertThat(taken[row][column]).isFalse();
                    taken[row][column] = true;
                }
            }
        });
        assertThat(panels.path(0).path("gridPos").path("y").intValue()).isZero();
        assertThat(panels.findValuesAsString("title"))
                .contains(
                        "Traffic",
                        "Refusals by reason",
                        "Stage latencies (p99)",
                        "Degraded layers",
                        "Usage backlog",
                        "Reconciliation drift");
    }
}
