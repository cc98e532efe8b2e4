package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tables of docs/configuration.md, which are made of the configuration's metadata: the Javadoc of the {@code
 * @ConfigurationProperties} records, and META-INF/additional-spring-configuration-metadata.json for what a record
 * cannot say. A table stands between {@code <!-- properties: <names or their beginnings> -->} and {@code <!-- end -->};
 * the text around them is written by hand.
 *
 * <p>{@code mvn -q -Dtest=ConfigurationReferenceTests -Dreference=renew test} writes them anew.
 */
class ConfigurationReferenceTests {

    private static final Path PAGE = Path.of("docs/configuration.md");
    private static final Path METADATA = Path.of("target/classes/META-INF/spring-configuration-metadata.json");
    private static final Path SETTINGS = Path.of("src/main/resources/application.yml");
    private static final String RENEW = "mvn -q -Dtest=ConfigurationReferenceTests -Dreference=renew test";

    private static final Pattern TABLE =
            Pattern.compile("(<!-- properties: ([^>]*) -->\n).*?(<!-- end -->)", Pattern.DOTALL);
    private static final Pattern ALIAS = Pattern.compile("\\$\\{([A-Z][A-Z0-9_]*):(.*)}");
    private static final String HEAD = """
            | property | environment | form | default | meaning |
            |---|---|---|---|---|
            """;

    private final Map<String, JsonNode> metadata = metadata();
    private final Map<String, String> settings = settings();

    @Test
    void showsWhatTheCodeSays() throws IOException {
        String page = Files.readString(PAGE);
        String current = TABLE.matcher(page)
                .replaceAll(table ->
                        Matcher.quoteReplacement(table.group(1) + table(names(table.group(2))) + table.group(3)));

        if ("renew".equals(System.getProperty("reference"))) {
            Files.writeString(PAGE, current);
        } else {
            assertThat(page)
                    .as("docs/configuration.md is not current. Run: " + RENEW)
                    .isEqualTo(current);
        }
    }

    @Test
    void showsEveryPropertyOnceAndWithAMeaning() throws IOException {
        List<String> shown = new ArrayList<>();
        var table = TABLE.matcher(Files.readString(PAGE));
        while (table.find()) {
            shown.addAll(names(table.group(2)));
        }

        assertThat(shown)
                .as("put each into a table of docs/configuration.md")
                .containsExactlyInAnyOrderElementsOf(listed());
        assertThat(shown).allSatisfy(name -> assertThat(meaning(name)).as(name).isNotBlank());
    }

    /** What operators and clients rely on: a default changes here too, or not at all. */
    @Test
    void keepsTheDefaultsThatWerePromised() {
        Map<String, String> promised = new LinkedHashMap<>();
        promised.put("sluice.signed-url.signer", "server");
        promised.put("sluice.signed-url.max-expires-in", "24h");
        promised.put("sluice.memory-guard.max-entries", "10000");
        promised.put("sluice.quota.cache-ttl", "5m");
        promised.put("sluice.quota.on-failure", "allow");
        promised.put("sluice.quota.refusal-memory", "2s");
        promised.put("sluice.bucket-access.source", "grants");
        promised.put("sluice.bucket-access.cache-ttl", "15m");
        promised.put("sluice.bucket-access.refusal-ttl", "1m");
        promised.put("sluice.bucket-access.on-failure", "deny");
        promised.put("sluice.rate-limit.on-failure", "allow");
        promised.put("sluice.redis.timeout", "100ms");
        promised.put("sluice.supabase.timeout", "2s");
        promised.put("sluice.usage.batch-size", "500");
        promised.put("sluice.usage.flush-interval", "100ms");
        promised.put("sluice.usage.max-backlog", "1000000");
        promised.put("sluice.usage.retention", "35d");
        promised.put("sluice.journal.directory", "journal");
        promised.put("sluice.journal.max-size", "1GB");
        promised.put("sluice.journal.on-full", "log");
        promised.put("sluice.reconcile.interval", "5m");
        promised.put("sluice.reconcile.drift-warning", "10%");
        promised.put("sluice.identity.cache-ttl", "60s");

        promised.forEach((name, value) -> assertThat(defaultOf(name)).as(name).isEqualTo(value));
        settings.keySet().stream()
                .filter(name -> name.startsWith("sluice.operations."))
                .forEach(name -> assertThat(defaultOf(name.replaceAll("(sluice\\.operations\\.)[^.]+", "$1<name>")))
                        .contains(name.split("\\.")[2] + " " + settings.get(name)));
    }

    private JsonNode property(String name) {
        return Objects.requireNonNull(metadata.get(name), name);
    }

    private String table(List<String> names) {
        StringBuilder table = new StringBuilder(HEAD);
        names.forEach(name -> table.append("| `")
                .append(name)
                .append("` | `")
                .append(environment(name))
                .append("` | ")
                .append(form(property(name).path("type").asString("")))
                .append(" | ")
                .append(shown(name))
                .append(" | ")
                .append(cell(meaning(name)))
                .append(" |\n"));
        return table.toString();
    }

    private String shown(String name) {
        String value = cell(defaultOf(name));
        return !value.isEmpty() ? "`" + value + "`" : meaning(name).endsWith("required") ? "required" : "unset";
    }

    /** The properties whose names are, or begin with, one of these words; none twice. */
    private List<String> names(String words) {
        List<String> names = new ArrayList<>();
        for (String word : words.strip().split("\\s+")) {
            listed().stream()
                    .filter(name -> name.equals(word) || name.startsWith(word + "."))
                    .filter(name -> !names.contains(name))
                    .forEach(names::add);
        }
        return names;
    }

    /** All but maps, whose members have names of their own. */
    private List<String> listed() {
        return metadata.keySet().stream()
                .filter(name -> !property(name).path("type").asString("").startsWith("java.util.Map"))
                .toList();
    }

    /** The variable that application.yml reads, else the one that Spring Boot knows the property by. */
    private String environment(String name) {
        var alias = ALIAS.matcher(settings.getOrDefault(name, ""));
        return alias.matches()
                ? alias.group(1)
                : name.replace("-", "").replace('.', '_').toUpperCase(Locale.ROOT);
    }

    private String defaultOf(String name) {
        var alias = ALIAS.matcher(settings.getOrDefault(name, ""));
        String set = alias.matches() ? alias.group(2).replace("$", "") : settings.getOrDefault(name, "");
        JsonNode value = property(name).path("defaultValue");
        String built = value.isArray()
                ? value.valueStream().map(JsonNode::asString).collect(Collectors.joining(", "))
                : value.asString("");
        return set.isEmpty() ? built : set;
    }

    private String meaning(String name) {
        String text = code(property(name).path("description").asString("")).strip();
        return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    /** Javadoc's {@code …} as Markdown has it. */
    private static String code(String javadoc) {
        StringBuilder text = new StringBuilder();
        int at = 0;
        for (int tag = javadoc.indexOf("{@"); tag >= 0; tag = javadoc.indexOf("{@", at)) {
            int end = tag + 1;
            for (int open = 1; open > 0; end++) {
                open += javadoc.charAt(end) == '{' ? 1 : javadoc.charAt(end) == '}' ? -1 : 0;
            }
            text.append(javadoc, at, tag)
                    .append('`')
                    .append(javadoc.substring(javadoc.indexOf(' ', tag) + 1, end - 1)
                            .strip())
                    .append('`');
            at = end;
        }
        return text.append(javadoc.substring(at)).toString();
    }

    private static String cell(String text) {
        return text.replaceAll("\\s+", " ").replace("|", "\\|");
    }

    private static String form(String type) {
        return switch (type) {
            case "java.time.Duration" -> "duration";
            case "org.springframework.util.unit.DataSize" -> "size";
            case "java.net.URI" -> "address";
            case "java.nio.file.Path" -> "path";
            case "java.lang.Boolean" -> "`true` or `false`";
            case "java.lang.Integer", "java.lang.Long" -> "number";
            case "java.lang.String" -> "text";
            case "java.util.List<java.lang.String>" -> "list";
            case "dev.sluice.operation.Rate" -> "rate";
            case "java.util.List<dev.sluice.operation.Rate>" -> "list of rates";
            default -> choices(type);
        };
    }

    private static String choices(String type) {
        try {
            Object[] constants = Class.forName(type).getEnumConstants();
            assertThat(constants)
                    .as("say in plain words what a " + type + " looks like")
                    .isNotNull();
            return Arrays.stream(constants)
                    .map(constant -> "`" + constant.toString().toLowerCase(Locale.ROOT) + "`")
                    .collect(Collectors.joining(" or "));
        } catch (ClassNotFoundException e) {
            throw new AssertionError("say in plain words what a " + type + " looks like", e);
        }
    }

    private static Map<String, JsonNode> metadata() {
        Map<String, JsonNode> properties = new TreeMap<>();
        read(METADATA).path("properties").forEach(property -> {
            String name = property.path("name").asString("");
            if (name.startsWith("sluice.")) {
                properties.put(name, property);
            }
        });
        return properties;
    }

    private static JsonNode read(Path json) {
        return JsonMapper.shared().readTree(json.toFile());
    }

    private static Map<String, String> settings() {
        Map<String, String> flat = new TreeMap<>();
        try {
            flatten("", new Yaml().load(Files.readString(SETTINGS)), flat);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return flat;
    }

    private static void flatten(String prefix, Object value, Map<String, String> flat) {
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, member) -> flatten(prefix.isEmpty() ? "" + key : prefix + "." + key, member, flat));
        } else if (value != null) {
            flat.put(prefix, value.toString());
        }
    }
}
