package dev.sluice.chart;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.json.JsonMapper;

/** The names of metrics that dashboard and rules ask Prometheus for. */
public final class Metrics {

    private static final Pattern STRINGS_AND_LABELS =
            Pattern.compile("\"[^\"]*\"|\\{[^}]*}|\\b(by|without) *\\([^)]*\\)|\\[[^]]*]");
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
