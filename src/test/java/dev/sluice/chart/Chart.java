package dev.sluice.chart;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.InstallCommand;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/** What the chart makes of some values, as release {@code edge} in the namespace {@code gate}. */
record Chart(List<HasMetadata> manifests) {

    static final Path DIRECTORY = Path.of("helm");

    /** What every installation has to say. */
    static final String NEEDED = """
            secret:
              SUPABASE_URL: https://abc.supabase.co
              SUPABASE_SERVICE_KEY: sb_secret_of_a_test
              SPRING_DATA_REDIS_URL: redis://redis:6379
            """;

    /** The oldest that the chart takes. */
    private static final String KUBERNETES = "1.30.0";

    /** Of this process: test classes run in several. */
    private static final Path WORK =
            Path.of("target", "chart", String.valueOf(ProcessHandle.current().pid()));

    private static final String HOOK = "helm.sh/hook:";
    private static final String NO_HOOK = "helm.sh/no-hook:";

    /** A copy in which no manifest is a hook: of those Helm tells nothing. */
    private static final Path COPY = copy();

    private static Path copy() {
        Path copy = WORK.resolve("copy");
        try (Stream<Path> files = Files.walk(DIRECTORY)) {
            FileSystemUtils.deleteRecursively(copy);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = copy.resolve(DIRECTORY.relativize(file));
                Files.createDirectories(target.getParent());
                Files.writeString(target, Files.readString(file).replace(HOOK, NO_HOOK));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return copy;
    }

    /** Renders with what is needed, and these values, which are YAML and win. */
    static Chart with(String values) {
        return of(NEEDED, values);
    }

    /** Renders with these values alone. Hooks are among the manifests. */
    static Chart of(String... values) {
        TemplateCommand template =
                new Helm(COPY).template().withName("edge").withNamespace("gate").withKubeVersion(KUBERNETES);
        files(values).forEach(template::withValuesFile);
        return new Chart(Manifests.parse(template.call().replace(NO_HOOK, HOOK)));
    }

    /** What an installation tells its user. */
    static String notes(String values) {
        InstallCommand install = new Helm(DIRECTORY)
                .install()
                .withName("edge")
                .withNamespace("gate")
                .withKubeVersion(KUBERNETES)
                .clientOnly()
                .dryRun();
        files(NEEDED, values).forEach(install::withValuesFile);
        return install.call().getOutput();
    }

    private static List<Path> files(String... values) {
        List<Path> files = new ArrayList<>();
        try {
            for (String text : values) {
                files.add(Files.writeString(WORK.resolve("values-" + files.size() + ".yaml"), text));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    <T extends HasMetadata> List<T> all(Class<T> kind) {
        return manifests.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    <T extends HasMetadata> T one(Class<T> kind, String name) {
        return all(kind).stream()
                .filter(manifest -> manifest.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("No " + kind.getSimpleName() + " " + name + " among "
                        + manifests.stream()
                                .map(it -> it.getKind() + " " + it.getMetadata().getName())
                                .toList()));
    }

    <T extends HasMetadata> T one(Class<T> kind) {
        return one(kind, "edge-sluice");
    }

    /** The pod of the Deployment or the StatefulSet. */
    PodTemplateSpec pod() {
        return all(StatefulSet.class).isEmpty()
                ? one(Deployment.class).getSpec().getTemplate()
                : one(StatefulSet.class).getSpec().getTemplate();
    }
}
