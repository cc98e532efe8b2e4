package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.springframework.http.server.PathContainer;
import org.springframework.web.util.pattern.PathPatternParser;

class PathIndexTests {

    private static final List<String> SEGMENTS =
            List.of("a", "b", "c", "{x}", "*", "**", "{*rest}", "a?", "b*", "{n:[ab]+}", "", "A", "a b");

    private static final List<String> SENT = List.of("a", "b", "c", "ab", "A", "", "a%20b", "a;m=1", "%61");

    private final Random random = new Random(7);

    /** Held against the patterns themselves. */
    @RepeatedTest(200)
    void namesEveryRouteThatMatchesAndInItsOrder() {
        List<List<String>> patterns = IntStream.range(0, 20)
                .mapToObj(route -> IntStream.range(0, random.nextInt(3))
                        .mapToObj(pattern -> pattern())
                        .filter(PathIndexTests::isAPattern)
                        .toList())
                .toList();
        PathIndex index = new PathIndex(patterns);
        PathContainer path = PathContainer.parsePath(path(SENT));

        List<Integer> candidates = Arrays.stream(index.candidates(path)).boxed().toList();

        List<Integer> matching = new ArrayList<>();
        for (int route = 0; route < patterns.size(); route++) {
            boolean everyPath = patterns.get(route).isEmpty();
            boolean matches = patterns.get(route).stream()
                    .anyMatch(pattern ->
                            PathPatternParser.defaultInstance.parse(pattern).matches(path));
            if (everyPath || matches) {
                matching.add(route);
            }
        }
        assertThat(candidates)
                .as("%s in %s", path, patterns)
                .containsSubsequence(matching)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    @Test
    void namesOnlyThoseThatShareTheBeginning() {
        List<List<String>> patterns = IntStream.range(0, 1000)
                .mapToObj(i -> List.of("/v1/service-" + i + "/**", "/other/" + i))
                .toList();

        assertThat(new PathIndex(patterns).candidates(PathContainer.parsePath("/v1/service-77/x/y")))
                .containsExactly(77);
        assertThat(new PathIndex(patterns).candidates(PathContainer.parsePath("/v2")))
                .isEmpty();
    }

    private String pattern() {
        return path(SEGMENTS);
    }

    private String path(List<String> segments) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i <= random.nextInt(4); i++) {
            path.append('/').append(segments.get(random.nextInt(segments.size())));
        }
        return path.toString();
    }

    private static boolean isAPattern(String text) {
        try {
            PathPatternParser.defaultInstance.parse(text);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }
}
