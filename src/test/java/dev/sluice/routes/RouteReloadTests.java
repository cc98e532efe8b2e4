package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.admission.DefaultLimit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.core.env.StandardEnvironment;

/** When a look at the file leads to a judgement of it. */
class RouteReloadTests {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private Error failure = new AssertionError("There is nothing to build");
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    @TempDir
    private Path directory;

    @Test
    void doesNotTakeAFileThatIsBeingWrittenForAShorterOne() throws IOException {
        RouteReload reload = reload(file());

        for (String written : List.of("a: 1", "a: 1, b", "a: 1, b: 2")) {
            Files.writeString(file(), written);
            look(reload);
            assertThat(refused()).as("after one look at '%s'", written).isZero();
        }
        look(reload);
        assertThat(refused()).as("seen twice").isEqualTo(1);
        assertThat(reload.state().refused()).startsWith("It is no YAML: ");
    }

    @Test
    void judgesOneContentOnceAndForgetsItWithTheFile() throws IOException {
        RouteReload reload = reload(file());
        look(reload);
        assertThat(reload.state().refused()).as("there need not be a file").isNull();

        Files.writeString(file(), "a: 1");
        for (int i = 0; i < 5; i++) {
            look(reload);
        }
        assertThat(refused()).isEqualTo(1);
        assertThat(reload.state().refused()).isEqualTo("There are no routes.");

        Files.delete(file());
        look(reload);
        look(reload);
        assertThat(reload.state().refused()).as("none was ever in force").isNull();
        assertThat(refused()).isEqualTo(1);
    }

    @Test
    void tellsThatTheFileIsRefusedForAsLongAsItIs() throws IOException {
        RouteReload reload = reload(file());
        look(reload);
        assertThat(gauge()).isZero();

        Files.writeString(file(), "a: 1");
        for (int i = 0; i < 5; i++) {
            look(reload);
        }
        assertThat(gauge()).isOne();

        Files.delete(file());
        look(reload);
        look(reload);
        assertThat(gauge()).isZero();
    }

    /** Reactor takes these for the end of the process, and would leave the look without one. */
    @Test
    void followsTheFileAfterOneWithWhichTheStackOrTheLoadingOfClassesGaveUp() throws IOException {
        RouteReload reload = reload(file());
        for (Error error : List.of(new StackOverflowError(), new NoClassDefFoundError("Gone"))) {
            failure = error;
            Files.writeString(
                    file(),
                    "spring.cloud.gateway.server.webflux.routes: [{id: x, uri: 'no://op', predicates: [Path=/x]}]\n");
            look(reload);
            look(reload);
            assertThat(reload.state().refused())
                    .isEqualTo("It cannot be used: " + error.getClass().getSimpleName() + ".");

            Files.writeString(file(), "a: 1");
            look(reload);
            look(reload);
            assertThat(reload.state().refused()).isEqualTo("There are no routes.");
        }
    }

    @Test
    void tellsThatTheFileIsNotLookedAt() {
        RouteReload reload = reload(file());
        now = now.plusSeconds(59);
        assertThat(reload.looks().overdue()).isFalse();
        now = now.plusSeconds(2);
        assertThat(reload.looks().overdue()).isTrue();

        look(reload);

        assertThat(reload.looks()).isEqualTo(new RouteReload.Looks(now, false));
        assertThat(new RoutesProperties(Duration.ofMillis(10)).patience()).isEqualTo(Duration.ofMinutes(1));
        assertThat(new RoutesProperties(Duration.ofSeconds(30)).patience()).isEqualTo(Duration.ofMinutes(5));
    }

    private double gauge() {
        return registry.get("sluice.routes.refused").gauge().value();
    }

    private Path file() {
        return directory.resolve("routes.yml");
    }

    private double refused() {
        return registry.get("sluice.routes.reload")
                .tag("outcome", "refused")
                .counter()
                .count();
    }

    private static void look(RouteReload reload) {
        reload.look().block();
    }

    private RouteReload reload(Path file) {
        GuardRules guards = new GuardRules("server", "grants", URI.create("http://supabase"));
        return new RouteReload(
                new RoutesFile(file),
                new RouteSettingsReader(file, new StandardEnvironment()),
                new RouteBuilder(
                        List.of(),
                        List.of(),
                        List.of(),
                        () -> {
                            throw failure;
                        },
                        guards),
                new LiveRoutes(event -> {}),
                new GatewayProperties(),
                Duration.ofMinutes(1),
                new DefaultLimit(null),
                clock,
                registry);
    }
}
