package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.FileSystemResource;

/** What may stand in a routes file, and what would be passed over without a word. */
class KnownSettingsTests {

    private static final String ROUTES = "spring.cloud.gateway.server.webflux.routes: ";

    @Test
    void knowsAllThatTheGatewayAndTheLimitsRead() throws Exception {
        check(ROUTES + """

                - id: full
                  uri: no://op
                  order: 3
                  enabled: true
                  metadata:
                    response-timeout: 60000
                    sluice.unchecked: true
                    sluice: {backend-errors: pass}
                    cors: {allowedMethods: [GET, PUT], allowedOrigins: '*', allowCredentials: false, maxAge: 30}
                    any: {thing: [1, {more: 2}]}
                  predicates:
                  - Path=/a/{b}/**
                  - Weight=group, 3
                  - {name: Header, args: {header: X-A, regexp: '[a.b]+'}}
                  - name: Query
                    args: {_genkey_0: a, 'odd key': 1}
                  filters:
                  - Authenticate
                  - RewritePath=/a/(?<c>.*), /$\\{c}
                  - name: BucketAccess
                    args: {access: write, on-failure: allow}
                  - {name: RequestRateLimiter, args: {redis-rate-limiter.replenishRate: 1, list: [a, {b: c}]}}
                - {id: short, uri: 'no://op', predicates: 'Path=/x', filters: 'Authenticate, Usage'}
                """);
        check("""
                sluice:
                  operations:
                    upload: {memory: 5/1m, redis: [1/1s, 2/1m], max-size: 5MB}
                    signed_url: {redis: '1/1s, 2/1m', maxSize: 5MB}
                    empty: {}
                  plans:
                    pro: {operations: {upload: {memory: 5/1m, redis: 5/1m, MAX_SIZE: 1GB}}}
                    none: {}
                """);
        check("sluice.operations.upload.redis[1]: 5/1m\nsluice.quota.else: 1\nother: {routes: [{filter: x}]}\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[{id: a, predicate: [x]}] | Route 'a' has an unknown setting 'predicate' | Did you mean 'predicates'?",
                "[{id: a, fitlers: [x]}] | Route 'a' has an unknown setting 'fitlers' | Did you mean 'filters'?",
                "[{id: a, guards: x}] | Route 'a' has an unknown setting 'guards' | Known here: enabled, filters, id,",
                "[{id: a}, {meta: {}}] | routes[1], has an unknown setting 'meta' | Known here:",
                "[{id: a, filters: {Authenticate: }}] | 'filters.Authenticate' | begin each item with a dash",
                "[{id: a, filters: [{Authenticate: users}]}] | 'filters[0].Authenticate' | Known here: args, name.",
                "[{id: a, filters: [{nam: Usage}]}] | 'filters[0].nam' | Did you mean 'name'?",
                "[{id: a, uri: {to: x}}] | 'uri.to' | It takes a plain value.",
                "{upload: {id: a}} | webflux.routes has an unknown setting 'upload' | begin each item with a dash"
            })
    void refusesWhatNoRouteHas(String routes, String message, String hint) {
        refused(ROUTES + routes, message, hint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "operations.upload.rediss: 1/1s | Operation 'upload' has an unknown setting 'rediss' | mean 'redis'?",
                "operations.upload.max_sise: 1MB | Operation 'upload' has an unknown setting 'max_sise' | mean 'max-size'?",
                "operations.upload.memory.rate: 1/1s | 'memory.rate' | It takes a plain value.",
                "operations.upload.redis.a: 1/1s | 'redis.a' | begin each item with a dash",
                "operations.signed.url.memory: 1/1s | Operation 'signed' has an unknown setting 'url' | Known here:",
                "plans.pro.operation.upload.memory: 1/1s | Plan 'pro' has an unknown setting 'operation' | mean 'operations'?",
                "plans.pro.operations.upload.memroy: 1/1s | 'operations.upload.memroy' | Did you mean 'memory'?"
            })
    void refusesWhatNoLimitIs(String setting, String message, String hint) {
        refused("sluice." + setting, message, hint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sluice.operatons.upload.redis: 1/1s | sluice has an unknown setting 'operatons' | mean 'operations'?",
                "sluice.plan.pro: {} | sluice has an unknown setting 'plan' | Did you mean 'plans'?",
                "sluice.quota.defaultLimits: 5 | sluice.quota has an unknown setting 'defaultLimits' | mean 'default-limit'?",
                "sluice.quota.default-limit.requests: 5 | sluice.quota.default-limit has an unknown | a plain value.",
                "sluice: [operations] | sluice has an unknown setting '[0]' | Known here: bucket-access, client,",
                "sluice.mine: 5 | sluice has an unknown setting 'mine' | Known here: bucket-access, client,",
                "spring.cloud.gateway.server.webflux.rotues: [] | webflux has an unknown setting 'rotues' | mean 'routes'?",
                "spring.cloud.gateway.server.webflx.routes: [] | gateway.server has an unknown setting 'webflx' | mean 'webflux'?",
                "spring.cloud.gateway.routes: [] | spring.cloud.gateway has an unknown setting 'routes' | here: server.",
                "spring.cloud.gateway.server.webflux.httpclient.pool.max-idletim: 5s | setting 'max-idletim' | mean 'max-idle-time'?",
                "spring.cloud.gateway.server.webflux.filter.add-request-header.enabeld: no | setting 'enabeld' | mean 'enabled'?"
            })
    void refusesWhatNobodyReadsBelowAPrefixOfTheFile(String setting, String message, String hint) {
        assertThatCode(() -> check(setting)).as("binding would pass over it").doesNotThrowAnyException();
        refused(setting, message, hint, KnownSettings::checkFile);
    }

    /** Which is more than the settings of one start: each that its metadata has, and those that it does not have. */
    @Test
    void knowsEverySettingOfSluiceAndOfTheGateway() throws Exception {
        for (PropertySource<?> source : new YamlPropertySourceLoader()
                .load("application.yml", new FileSystemResource("src/main/resources/application.yml"))) {
            assertThatCode(() -> KnownSettings.checkFile(source)).doesNotThrowAnyException();
        }
        check("""
                sluice:
                  cors: {allowedOrigins: [a, b], max_age: 2h}
                  quota: {default-limit: 5, onFailure: deny}
                  supabase.jwt-secret[0]: a
                  s3: {}
                spring.cloud.gateway.server.webflux:
                  default-filters: [{name: SetStatus, args: {status: 204}}]
                  globalcors: {enabled: true, cors-configurations: {'[/**]': {allowedOrigins: '*'}}}
                  metrics: {tags: {path: {enabled: true}}}
                  filter: {token-relay: {enabled: false}, secure-headers: {enabled: false, frame-options: DENY}}
                  predicate.host: {include-port: false, enabled: true}
                """, KnownSettings::checkFile);
        check("logging.levle.root: debug\nresilience4j.other: 1\nspring.cloud.other: 1\n", KnownSettings::checkFile);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'*'",
                "{maxAge: 1h}",
                "{maxAge: '30'}",
                "{allowCredentials: 'yes, please'}",
                "{allowedOrigins: 5}",
                "{allowedMethods: [GET, 5]}",
                "{allowed-origins: '*'}",
                "{allowedOrigin: '*'}"
            })
    void refusesCorsThatTheGatewayCannotRead(String cors) {
        RouteConfigurationException refused =
                catchThrowableOfType(RouteConfigurationException.class, () -> CorsMetadata.check(route(cors)));

        assertThat(refused).hasMessageStartingWith("Route 'a': the gateway cannot read its metadata cors");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{maxAge: 30, allowCredentials: true, allowedOrigins: 'https://a.example'}",
                "{allowedOriginPatterns: ['https://*.example'], allowedMethods: [GET, PUT], exposedHeaders: [ETag]}"
            })
    void takesCorsThatTheGatewayReads(String cors) {
        assertThatCode(() -> CorsMetadata.check(route(cors))).doesNotThrowAnyException();
    }

    /** Nine lines that stand for a thousand million values. */
    @Test
    void refusesAliasesThatWouldFillTheHeap() {
        StringBuilder yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 9; i++) {
            yaml.append("a%d: &a%d [%s]%n"
                    .formatted(
                            i,
                            i,
                            String.join(
                                    ", ",
                                    List.of(("*a" + (i - 1) + " ")
                                            .repeat(10)
                                            .trim()
                                            .split(" ")))));
        }
        RouteConfigurationException refused =
                catchThrowableOfType(RouteConfigurationException.class, () -> WrittenOut.check(yaml.toString()));

        assertThat(refused).hasMessageContaining("when its aliases are written out");
        assertThatCode(() -> WrittenOut.check("a: &a [x, y]\nb: {c: *a, d: [*a, *a]}\n---\ne: 1\n"))
                .doesNotThrowAnyException();
    }

    private static RouteDefinition route(String cors) {
        String yaml = ROUTES + "[{id: a, uri: 'no://op', predicates: [Path=/], metadata: {cors: " + cors + "}}]\n"
                + "sluice.operations.upload: {memory: 1/1s, redis: 1/1s}\n";
        return new RouteSettingsReader(Path.of("routes.yml"), new StandardEnvironment())
                .read(yaml)
                .routes()
                .get(0);
    }

    private static void refused(String yaml, String message, String hint) {
        refused(yaml, message, hint, KnownSettings::check);
    }

    private static void refused(String yaml, String message, String hint, Consumer<PropertySource<?>> check) {
        RouteConfigurationException refused =
                catchThrowableOfType(RouteConfigurationException.class, () -> check(yaml, check));

        assertThat(refused)
                .as(yaml)
                .hasMessageContaining(message)
                .message()
                .containsPattern("\\((the file - 1:\\d+|file)\\)\\.$");
        assertThat(refused.action()).contains(hint);
    }

    private static void check(String yaml) throws Exception {
        check(yaml, KnownSettings::check);
    }

    private static void check(String yaml, Consumer<PropertySource<?>> check) throws Exception {
        ByteArrayResource file = new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)) {
            @Override
            public String getDescription() {
                return "the file";
            }
        };
        List<PropertySource<?>> sources = new YamlPropertySourceLoader().load("file", file);
        assertThat(sources).isNotEmpty();
        sources.forEach(check);
    }
}
