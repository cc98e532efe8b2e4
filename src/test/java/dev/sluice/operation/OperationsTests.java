package dev.sluice.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class OperationsTests {

    private static final String[] YAML = {
        "sluice.operations.signed-url.memory=100/1m",
        "sluice.operations.signed-url.redis=200/1m",
        "sluice.operations.upload.memory=20/1m",
        "sluice.operations.upload.redis=50/1m"
    };

    private final ApplicationContextRunner context =
            new ApplicationContextRunner().withUserConfiguration(OperationConfiguration.class);

    @Test
    void bindsOneRateForMemoryAndAListForRedis() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.upload.redis=200/1m, 10/1s")
                .run(started -> {
                    Operations operations = started.getBean(Operations.class);
                    assertThat(operations.memory("signed-url", null)).isEqualTo(Rate.parse("100/1m"));
                    assertThat(operations.redis("upload", null))
                            .containsExactly(Rate.parse("10/1s"), Rate.parse("200/1m"));
                    assertThat(operations.get("upload"))
                            .isEqualTo(new Operation(
                                    "upload",
                                    Rate.parse("20/1m"),
                                    List.of(Rate.parse("10/1s"), Rate.parse("200/1m")),
                                    null));
                });
    }

    @Test
    void letsAPlanOverrideTheMaximumSize() {
        context.withPropertyValues(YAML)
                .withPropertyValues(
                        "sluice.operations.upload.max-size=50MB",
                        "sluice.plans.pro.operations.upload.max-size=5GB",
                        "sluice.plans.free.operations.upload.memory=1/1m")
                .run(started -> {
                    Operations operations = started.getBean(Operations.class);
                    assertThat(operations.maxSize("upload", null)).isEqualTo(50L << 20);
                    assertThat(operations.maxSize("upload", "pro")).isEqualTo(5L << 30);
                    assertThat(operations.maxSize("upload", "free")).isEqualTo(50L << 20);
                    assertThat(operations.maxSize("signed-url", "pro")).isNull();
                });
    }

    @Test
    void takesTheMaximumSizeFromTheEnvironment() {
        Operations operations = operations(
                Map.of(
                        "SLUICE_OPERATIONS_SIGNED_URL_MAX_SIZE", "7KB",
                        "SLUICE_PLANS_PRO_OPERATIONS_SIGNEDURL_MAXSIZE", "9KB"),
                YAML);
        assertThat(operations.maxSize("signed-url", null)).isEqualTo(7L << 10);
        assertThat(operations.maxSize("signed-url", "pro")).isEqualTo(9L << 10);
    }

    @Test
    void stopsTheStartOnAMaximumOfNothing() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.upload.max-size=0B")
                .run(started -> assertThat(started.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("sluice.operations.upload.max-size must be at least 1 byte"));
    }

    @Test
    void bindsAnIndexedListForRedis() {
        context.withPropertyValues(
                        "sluice.operations.delete.memory=1/1m",
                        "sluice.operations.delete.redis[0]=5/1m",
                        "sluice.operations.delete.redis[1]=1/1s")
                .run(started -> assertThat(started.getBean(Operations.class).redis("delete", null))
                        .containsExactly(Rate.parse("1/1s"), Rate.parse("5/1m")));
    }

    @Test
    void takesTheCanonicalEnvironmentVariableBeforeTheFile() {
        Operations operations = operations(Map.of("SLUICE_OPERATIONS_SIGNEDURL_MEMORY", "7/1m"), YAML);
        assertThat(operations.memory("signed-url", null)).isEqualTo(Rate.parse("7/1m"));
        assertThat(operations.redis("signed-url", null)).containsExactly(Rate.parse("200/1m"));
        assertThat(operations.get("signed-url").name()).isEqualTo("signed-url");
        assertThat(operations.get("signedurl")).isEqualTo(operations.get("signed-url"));
    }

    @Test
    void takesTheEnvironmentVariableWithAnUnderscoreForTheDash() {
        Operations operations = operations(
                Map.of(
                        "SLUICE_OPERATIONS_SIGNED_URL_MEMORY",
                        "7/1m",
                        "SLUICE_OPERATIONS_SIGNED_URL_REDIS",
                        "1/1s,9/1m"),
                YAML);
        assertThat(operations.memory("signed-url", null)).isEqualTo(Rate.parse("7/1m"));
        assertThat(operations.redis("signed-url", null)).containsExactly(Rate.parse("1/1s"), Rate.parse("9/1m"));
        assertThatThrownBy(() -> operations.get("signed")).hasMessageContaining("known: signed-url, upload");
    }

    @Test
    void addsAnOperationFromTheEnvironmentAlone() {
        Operations operations = operations(
                Map.of("SLUICE_OPERATIONS_DOWNLOADURL_MEMORY", "7/1m", "SLUICE_OPERATIONS_DOWNLOADURL_REDIS", "9/1m"),
                YAML);
        assertThat(operations.memory("download-url", null)).isEqualTo(Rate.parse("7/1m"));
    }

    @Test
    void letsAPlanOverrideEitherLimit() {
        List<String> properties = new ArrayList<>(List.of(YAML));
        properties.add("sluice.plans.pro.operations.signed-url.redis=1000/1m");
        properties.add("sluice.plans.Free-Tier.operations.signed-url.memory=1/1m");
        Operations operations = operations(
                Map.of("SLUICE_PLANS_PRO_OPERATIONS_SIGNEDURL_MEMORY", "500/1m"), properties.toArray(String[]::new));
        assertThat(operations.redis("signed-url", "pro")).containsExactly(Rate.parse("1000/1m"));
        assertThat(operations.memory("signed-url", "pro")).isEqualTo(Rate.parse("500/1m"));
        assertThat(operations.memory("upload", "pro")).isEqualTo(Rate.parse("20/1m"));
        assertThat(operations.memory("signed-url", "free-tier")).isEqualTo(Rate.parse("1/1m"));
        assertThat(operations.redis("signed-url", "free-tier")).containsExactly(Rate.parse("200/1m"));
        assertThat(operations.memory("signed-url", "not-configured")).isEqualTo(Rate.parse("100/1m"));
    }

    @Test
    void takesUnderscoresForDashesInAPlanThatNoFileLists() {
        Operations operations = operations(
                Map.of(
                        "SLUICE_PLANS_PRO_OPERATIONS_SIGNED_URL_MEMORY", "1/1m",
                        "SLUICE_PLANS_FREE_TIER_OPERATIONS_SIGNED_URL_REDIS_0", "2/1m"),
                YAML);
        assertThat(operations.memory("signed-url", "pro")).isEqualTo(Rate.parse("1/1m"));
        assertThat(operations.redis("signed-url", "pro")).containsExactly(Rate.parse("200/1m"));
        assertThat(operations.redis("signed-url", "free-tier")).containsExactly(Rate.parse("2/1m"));
        assertThat(operations.memory("signed-url", "free")).isEqualTo(Rate.parse("100/1m"));
    }

    @Test
    void takesTheEnvironmentBeforeAFileThatListsThePlan() {
        List<String> properties = new ArrayList<>(List.of(YAML));
        properties.add("sluice.plans.free-tier.operations.signed-url.memory=3/1m");
        properties.add("sluice.plans.free-tier.operations.upload.redis=4/1m");
        properties.add("sluice.plans.pay-as-you-go.operations.upload.memory=5/1m");
        Operations operations = operations(
                Map.of(
                        "SLUICE_PLANS_FREE_TIER_OPERATIONS_UPLOAD_MEMORY", "6/1m",
                        "SLUICE_PLANS_FREETIER_OPERATIONS_SIGNED_URL_MEMORY", "7/1m",
                        "SLUICE_PLANS_PAYASYOUGO_OPERATIONS_UPLOAD_MEMORY", "8/1m"),
                properties.toArray(String[]::new));
        assertThat(operations.memory("upload", "free-tier")).isEqualTo(Rate.parse("6/1m"));
        assertThat(operations.redis("upload", "free-tier")).containsExactly(Rate.parse("4/1m"));
        assertThat(operations.memory("signed-url", "free-tier")).isEqualTo(Rate.parse("7/1m"));
        assertThat(operations.memory("upload", "pay-as-you-go")).isEqualTo(Rate.parse("8/1m"));
    }

    @Test
    void stopsTheStartOnAnEnvironmentVariableThatSetsNoLimit() {
        for (String typo : List.of(
                "SLUICE_PLANS_PRO_OPERATIONS_SIGNED_URL_MEMRY",
                "SLUICE_OPERATIONS_SIGNED_URL_MEMRY",
                "SLUICE_OPERATIONS_UPLOAD_MEMRY")) {
            assertStops(Map.of(typo, "1/1m"), typo + " sets no limit");
        }
        assertStops(
                Map.of("SLUICE_PLANS_PRO_OPERATIONS_SIGNED_URL_MEMORY", "lots"),
                "sluice.plans.pro.operations.signed-url.memory");
        assertStops(
                Map.of("SLUICE_PLANS_PRO_OPERATIONS_SINGED_URL_MEMORY", "1/1m"),
                "sluice.plans.pro.operations.singedurl");
    }

    @Test
    void refusesAnUnknownOperationNamingTheKnownOnes() {
        Operations operations = operations(Map.of(), YAML);
        assertThatThrownBy(() -> operations.get("singed-url"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'singed-url'")
                .hasMessageContaining("known: signed-url, upload");
    }

    @Test
    void stopsTheStartOnAMalformedRateNamingPropertyFormAndExample() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.signed-url.memory=lots")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .hasStackTraceContaining("sluice.operations.signed-url.memory")
                        .hasStackTraceContaining("'lots' is not a rate")
                        .hasStackTraceContaining("<requests>/<number><s|m|h|d>")
                        .hasStackTraceContaining("200/1m"));
    }

    @Test
    void stopsTheStartOnAMalformedRateInAList() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.signed-url.redis=10/1s, 5")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .hasStackTraceContaining("sluice.operations.signed-url.redis")
                        .hasStackTraceContaining("'5' is not a rate"));
    }

    @Test
    void stopsTheStartOnAnOperationWithoutOneOfItsLimits() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.delete.memory=5/1m")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("sluice.operations.delete.redis must be set")
                        .hasMessageContaining("200/1m"));
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.delete.redis=5/1m")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("sluice.operations.delete.memory must be set"));
    }

    @Test
    void stopsTheStartOnAPlanForAnUnknownOperation() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.plans.pro.operations.uplaod.memory=5/1m")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("sluice.plans.pro.operations.uplaod")
                        .hasMessageContaining("known: signed-url, upload"));
    }

    @Test
    void stopsTheStartOnTwoRatesForOneWindow() {
        context.withPropertyValues(YAML)
                .withPropertyValues("sluice.operations.upload.redis=5/1m, 6/60s")
                .run(failed -> assertThat(failed)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("sluice.operations.upload.redis has two rates"));
    }

    private void assertStops(Map<String, Object> environment, String property) {
        context.withInitializer(started -> addEnvironment(started, environment))
                .withPropertyValues(YAML)
                .run(failed -> assertThat(failed).getFailure().hasStackTraceContaining(property));
    }

    private Operations operations(Map<String, Object> environment, String... properties) {
        List<Operations> made = new ArrayList<>();
        context.withInitializer(started -> addEnvironment(started, environment))
                .withPropertyValues(properties)
                .run(started -> made.add(started.getBean(Operations.class)));
        return made.get(0);
    }

    /** As Spring Boot orders them: the environment stands before files, which {@code properties} stand for here. */
    private static void addEnvironment(ConfigurableApplicationContext context, Map<String, Object> environment) {
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", environment));
    }
}
