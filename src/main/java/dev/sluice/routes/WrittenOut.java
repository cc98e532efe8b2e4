package dev.sluice.routes;

import java.io.StringReader;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * How much a YAML says with each alias written out, as Spring Boot does without a limit: a few lines can fill the heap, and an
 * alias that stands for what it stands in never ends.
 */
final class WrittenOut {

    /** More than a file of {@link RoutesFile#MAX_BYTES} with the shape of routes has without aliases. */
    static final int MAX_VALUES = 100_000;

    private WrittenOut() {}

    /**
     * @throws RouteConfigurationException if it is more than {@value #MAX_VALUES} values
     * @throws org.yaml.snakeyaml.error.YAMLException if it is no YAML
     */
    static void check(String yaml) {
        LoaderOptions options = new LoaderOptions();
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        for (Node document : new Yaml(options).composeAll(new StringReader(yaml))) {
            if (values(document, new IdentityHashMap<>()) > MAX_VALUES) {
                throw new RouteConfigurationException(
                        "It is more than " + MAX_VALUES + " values when its aliases are written out.",
                        "Take out aliases (*name); none may stand for what it stands in.",
                        null);
            }
        }
    }

    /** @param known of those that were met; while a node is counted it is too much, which an alias to it inside then is */
    private static long values(Node node, Map<Node, Long> known) {
        Long before = known.get(node);
        if (before != null) {
            return before;
        }
        known.put(node, MAX_VALUES + 1L);
        long values = 1;
        for (Node part : parts(node)) {
            values = Math.min(values + values(part, known), MAX_VALUES + 1L);
        }
        known.put(node, values);
        return values;
    }

    private static List<Node> parts(Node node) {
        if (node instanceof SequenceNode list) {
            return list.getValue();
        }
        return node instanceof MappingNode map
                ? map.getValue().stream()
                        .flatMap(entry -> Stream.of(entry.getKeyNode(), entry.getValueNode()))
                        .toList()
                : List.of();
    }
}
