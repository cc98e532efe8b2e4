package dev.sluice.chart;

import com.marcnuri.helm.DryRun;
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
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
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
    private static final Path COPY = copy("copy", "", text -> text.replace(HOOK, NO_HOOK));

    /** A copy without manifests, whose notes are those of the workload: what an installation tells, and sends to no cluster. */
    private static final Path TOLD = told();

    private static Path told() {
        Path told = copy("told", "_", text -> text.replace("BasePath \"/", "BasePath \"/_"));
        String workload = Stream.of("statefulset", "deployment", "hpa")
                .map("{{ include (print .Template.BasePath \"/_%s.yaml\") . }}\n---\n"::formatted)
                .collect(Collectors.joining());
        try {
            Files.writeString(told.resolve("templates/NOTES.txt"), workload);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return told;
    }

    /** @param prefix before the name of each template of a manifest; with an underscore Helm renders none of them */
    private static Path copy(String name, String prefix, UnaryOperator<String> change) {
        Path copy = WORK.resolve(name);
        try (Stream<Path> files = Files.walk(DIRECTORY)) {
            FileSystemUtils.deleteRecursively(copy);
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path relative = DIRECTORY.relativize(file);
                Path target = copy.resolve(relative);
                if (relative.startsWith("templates") && relative.toString().endsWith(".yaml")) {
                    target = target.resolveSibling(prefix + file.getFileName());
                }
                Files.createDirectories(target.getParent());
                Files.writeString(target, change.apply(Files.readString(file)));
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

    /** The workload and its scaler where the chart can look up what the cluster has. */
    static Chart scaled(String values, Cluster cluster) {
        return workload(install(TOLD, values)
                .withDryRunOption(DryRun.SERVER)
                .disableOpenApiValidation()
                .withKubeConfigContents(cluster.kubeConfig()));
    }

    /** The same without a cluster, as {@code helm template} renders it, and as it is at first. */
    static Chart scaled(String values) {
        return workload(withoutCluster(install(TOLD, values)));
    }

    private static Chart workload(InstallCommand install) {
        String told = install.call().getOutput();
        return new Chart(Manifests.parse(told.substring(told.indexOf("NOTES:") + "NOTES:".length())));
    }

    /** What an installation tells its user. */
    static String notes(String values) {
        return withoutCluster(install(DIRECTORY, values)).call().getOutput();
    }

    private static InstallCommand install(Path chart, String values) {
        InstallCommand install = new Helm(chart).install().withName("edge").withNamespace("gate");
        files(NEEDED, values).forEach(install::withValuesFile);
        return install;
    }

    private static InstallCommand withoutCluster(InstallCommand install) {
        return install.withKubeVersion(KUBERNETES).clientOnly().withDryRunOption(DryRun.CLIENT);
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
