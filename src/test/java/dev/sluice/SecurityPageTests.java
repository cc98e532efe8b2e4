package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/security.md names the tests that show what it says: they exist, and every threat has one. */
class SecurityPageTests {

    private static final Pattern TEST = Pattern.compile("`([A-Z][A-Za-z0-9]*(?:Tests|IT))(?:\\.([a-z][A-Za-z0-9]*))?`");

    @Test
    void namesTestsThatExist() throws IOException {
        String page = Files.readString(Path.of("docs/security.md"));
        Map<String, String> sources = sources();

        assertThat(TEST.matcher(page).results()).hasSizeGreaterThan(30).allSatisfy(test -> {
            assertThat(sources).containsKey(test.group(1));
            if (test.group(2) != null) {
                assertThat(sources.get(test.group(1))).contains("void " + test.group(2) + "(");
            }
        });
        String threats = page.substring(page.indexOf("## Threats"), page.indexOf("## What it does not do"));
        assertThat(threats.lines().filter(line -> line.startsWith("| ")).skip(1))
                .hasSizeGreaterThan(15)
                .allSatisfy(row -> assertThat(TEST.matcher(row).find()).as(row).isTrue());
    }

    private static Map<String, String> sources() throws IOException {
        try (var files = Files.walk(Path.of("src/test/java"))) {
            return files.filter(file -> file.toString().matches(".*(Tests|IT)\\.java"))
                    .collect(Collectors.toMap(
                            file -> file.getFileName().toString().replace(".java", ""),
                            SecurityPageTests::read,
                            (one, other) -> one + other));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
