package dev.sluice.chart;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.json.JsonMapper;

/** The names of metrics that dashboard and rules ask Prometheus for. */
public final class Metrics {

    private static final Pattern STRINGS_AND_LABELS =
            Pattern.compile("\"[^\"]*\"|\\{[^}]*}|\\b(by|without) *\\([^)]*\\)|\\[[^]]*]");
    private static final Pattern TAG = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern NAME = Pattern.compile("\\b(?:sluice|api|jvm|process|resilience4j)_[a-z0-9_]+\\b");

    private Metrics() {}

    /** Those in queries of PromQL, or in a text about them. */
    static Set<String> of(String queries) {
        Set<String> names = new TreeSet<>();
        var name = NAME.matcher(STRINGS_AND_LABELS.matcher(queries).replaceAll(" "));
        while (name.find()) {
            names.add(name.group());
        }
        return names;
    }

    /** Those that an instance's answer to a scrape has samples of. */
    public static Set<String> exposed(String scrape) {
        return scrape.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]", 2)[0])
                .collect(Collectors.toSet());
    }

    /** Each name that a scrape has samples of, with the names of its tags but for a bucket's bound. */
    public static Map<String, Set<String>> tags(String scrape) {
        Map<String, Set<String>> tags = new TreeMap<>();
        scrape.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            String[] sample = line.split("[{ ]", 2);
            Set<String> names = tags.computeIfAbsent(sample[0], name -> new TreeSet<>());
            if (line.contains("{")) {
                TAG.matcher(line.substring(line.indexOf('{'), line.lastIndexOf('}')))
                        .results()
                        .map(tag -> tag.group(1))
                        .filter(name -> !name.equals("le"))
                        .forEach(names::add);
            }
        });
        return tags;
    }

    /** The bounds of a timer's buckets, in seconds. */
    public static Set<String> bounds(String scrape, String timer) {
        return Pattern.compile("^" + timer + "_seconds_bucket\\{.*le=\"([^\"]*)\".*", Pattern.MULTILINE)
                .matcher(scrape)
                .results()
                .map(bucket -> bucket.group(1))
                .collect(Collectors.toSet());
    }

    /** What operators were promised: a name of Prometheus, and exactly these tags. */
    public static Map<String, Set<String>> promised() {
        return Map.ofEntries(
                Map.entry("api_response_time_seconds_bucket", Set.of("provider", "operation", "outcome", "cached")),
                Map.entry("sluice_stage_seconds_count", Set.of("stage")),
                Map.entry("sluice_admission_total", Set.of("operation", "verdict", "source")),
                Map.entry("sluice_admission_degraded_total", Set.of("claim", "policy")),
                Map.entry("sluice_usage_backlog", Set.of()),
                Map.entry("sluice_usage_oldest_age", Set.of()),
                Map.entry("sluice_usage_applied_total", Set.of()),
                Map.entry("sluice_usage_retries_total", Set.of()),
                Map.entry("sluice_usage_dead_letters_total", Set.of()),
                Map.entry("sluice_reconcile_runs_total", Set.of("outcome")),
                Map.entry("sluice_reconcile_users_total", Set.of()),
                Map.entry("sluice_reconcile_drifted_total", Set.of()),
                Map.entry("sluice_reconcile_corrected_total", Set.of()),
                Map.entry("sluice_slow_total", Set.of()),
                Map.entry("sluice_upload_bytes_total", Set.of("direction")),
                Map.entry("resilience4j_circuitbreaker_state", Set.of("name", "state", "group")));
    }

    /** All of the dashboard and the rules. */
    public static Set<String> watched() {
        StringBuilder queries = new StringBuilder();
        try {
            JsonMapper.shared()
                    .readTree(Files.readString(Chart.DIRECTORY.resolve("dashboards/sluice.json")))
                    .findValuesAsString("expr")
                    .forEach(query -> queries.append(query).append('\n'));
            Object rules = new Yaml().load(Files.readString(Chart.DIRECTORY.resolve("files/rules.yml")));
            JsonMapper.shared()
                    .valueToTree(rules)
                    .findValuesAsString("expr")
                    .forEach(query -> queries.append(query).append('\n'));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return of(queries.toString());
    }
}
