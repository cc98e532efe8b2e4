package dev.sluice.routes;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.springframework.http.server.PathContainer;

/**
 * Which of many routes can match a path at all: a tree of the plain segments that their patterns begin with. A request meets
 * as many routes as share its beginning, however many there are. Immutable.
 */
final class PathIndex {

    /** What makes a segment of a pattern more than text. */
    private static final String SYNTAX = "{}*?:()\\[]|";

    private final Node root;

    /** @param patterns of each route, any of which may match; none for a route that may match every path */
    PathIndex(List<List<String>> patterns) {
        Node all = new Node();
        for (int route = 0; route < patterns.size(); route++) {
            if (patterns.get(route).isEmpty()) {
                all.add(route);
            }
            for (String pattern : patterns.get(route)) {
                all.at(pattern).add(route);
            }
        }
        all.inherit(new int[0]);
        this.root = all;
    }

    /** The numbers of the routes that can match the path, in their order. */
    int[] candidates(PathContainer path) {
        Node node = root;
        for (PathContainer.Element element : path.elements()) {
            if (element instanceof PathContainer.PathSegment segment) {
                Node next = node.next.get(segment.valueToMatch());
                if (next == null) {
                    break;
                }
                node = next;
            }
        }
        return node.routes;
    }

    private static final class Node {

        private final Map<String, Node> next = new HashMap<>();

        /** Those whose patterns begin with the segments that lead here, at last those of the nodes above too. */
        private int[] routes = new int[0];

        /** The node where the plain beginning of a pattern ends. */
        Node at(String pattern) {
            Node node = this;
            for (String segment : pattern.split("/", -1)) {
                if (segment.chars().anyMatch(c -> SYNTAX.indexOf(c) >= 0)) {
                    break;
                }
                if (!segment.isEmpty()) {
                    node = node.next.computeIfAbsent(segment, key -> new Node());
                }
            }
            return node;
        }

        void add(int route) {
            routes = sorted(routes, new int[] {route});
        }

        void inherit(int[] above) {
            routes = sorted(routes, above);
            next.values().forEach(node -> node.inherit(routes));
        }

        private static int[] sorted(int[] some, int[] more) {
            return IntStream.concat(Arrays.stream(some), Arrays.stream(more))
                    .distinct()
                    .sorted()
                    .toArray();
        }
    }
}
