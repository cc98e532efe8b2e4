package dev.sluice;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The packages in the order in which a request meets them, and what each may import. Arrows only point up the table, so
 * it is acyclic; adding one is a decision that is made here.
 */
class ArchitectureTests {

    private static final String ROOT = "dev.sluice";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static final Map<String, List<String>> MAY_IMPORT = table();

    private static Map<String, List<String>> table() {
        Map<String, List<String>> table = new LinkedHashMap<>();
        table.put("problem", List.of());
        table.put("tracing", List.of());
        table.put("exchange", List.of("problem", "tracing"));
        table.put("redis", List.of("tracing"));
        table.put("supabase", List.of("problem", "tracing"));
        table.put("operation", List.of());
        table.put("caller", List.of("problem", "exchange", "redis", "supabase", "operation"));
        table.put("intent", List.of("problem", "exchange", "caller"));
        table.put("shadow", List.of("problem", "operation"));
        table.put("memory", List.of("problem", "exchange", "caller", "operation", "shadow"));
        table.put("ledger", List.of("redis", "operation"));
        table.put("journal", List.of());
        table.put(
                "admission",
                List.of(
                        "problem",
                        "exchange",
                        "redis",
                        "supabase",
                        "caller",
                        "intent",
                        "operation",
                        "shadow",
                        "memory",
                        "ledger",
                        "journal"));
        table.put("release", List.of("redis", "journal", "admission"));
        table.put(
                "signedurl",
                List.of(
                        "problem",
                        "exchange",
                        "redis",
                        "caller",
                        "intent",
                        "supabase",
                        "journal",
                        "admission",
                        "release"));
        table.put("upload", List.of("problem", "exchange", "caller", "intent", "supabase", "admission"));
        table.put(
                "ownusage",
                List.of("problem", "exchange", "redis", "supabase", "caller", "operation", "ledger", "admission"));
        table.put("idempotency", List.of("problem", "exchange", "redis", "caller", "intent", "admission"));
        // The drop-in routes: what storage's own protocol needs beside the guards.
        table.put(
                "storage",
                List.of(
                        "problem",
                        "exchange",
                        "redis",
                        "caller",
                        "intent",
                        "supabase",
                        "journal",
                        "admission",
                        "release"));
        table.put("browser", List.of());
        // usage implements admission's UsageSink: the admission says what it needs recorded, usage knows how.
        table.put("usage", List.of("redis", "ledger", "supabase", "journal", "admission"));
        table.put("reconcile", List.of("redis", "ledger", "supabase", "usage"));
        // A changed file brings other limits with its routes.
        table.put("routes", List.of("redis", "operation", "admission"));
        table.put("management", new ArrayList<>(table.keySet()));
        // Its page and endpoint stand behind management's guard.
        table.put("console", List.of("problem", "redis", "usage", "reconcile", "routes", "management"));
        return table;
    }

    @TestFactory
    Stream<DynamicTest> importsOnlyWhatTheTableAllows() {
        return MAY_IMPORT.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(
                        entry.getKey(),
                        () -> classes()
                                .that()
                                .resideInAPackage(ROOT + "." + entry.getKey())
                                .should(onlyDependOnClassesThat(outsideOfSluiceOrIn(entry.getKey(), entry.getValue())))
                                .check(CLASSES)));
    }

    @Test
    void everyPackageStandsInTheTable() {
        List<String> packages = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .distinct()
                .filter(name -> !name.equals(ROOT))
                .map(name -> name.substring(ROOT.length() + 1))
                .toList();
        Assertions.assertThat(MAY_IMPORT.keySet()).containsExactlyInAnyOrderElementsOf(packages);
    }

    @Test
    void everyPackageIsNullMarked() {
        Assertions.assertThat(CLASSES.stream().map(JavaClass::getPackage).distinct())
                .allMatch(ArchitectureTests::isNullMarked);
    }

    @Test
    void theLedgerKnowsNoWebTypes() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".ledger", ROOT + ".redis", ROOT + ".journal", ROOT + ".operation")
                .should()
                .dependOnClassesThat(resideInAPackage("org.springframework.web.."))
                .orShould()
                .dependOnClassesThat(resideInAPackage("org.springframework.http.."))
                .check(CLASSES);
    }

    @Test
    void configurationIsImmutable() {
        classes()
                .that()
                .areAnnotatedWith(ConfigurationProperties.class)
                .should()
                .beRecords()
                .check(CLASSES);
    }

    private static boolean isNullMarked(JavaPackage javaPackage) {
        return javaPackage.isAnnotatedWith("org.jspecify.annotations.NullMarked");
    }

    private static DescribedPredicate<JavaClass> outsideOfSluiceOrIn(String own, List<String> allowed) {
        List<String> names = new ArrayList<>(allowed);
        names.add(own);
        List<String> packages = names.stream().map(name -> ROOT + "." + name).toList();
        return DescribedPredicate.describe(
                "outside of Sluice or in " + names,
                type -> !(type.getPackageName() + ".").startsWith(ROOT + ".")
                        || packages.contains(type.getPackageName()));
    }
}
