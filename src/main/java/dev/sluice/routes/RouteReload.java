package dev.sluice.routes;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.routes.RoutesFile.Content;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Follows the routes file: what it says holds as a whole or not at all. A change counts once two looks in a row have seen the
 * same, so that a file which is being written is not taken for a shorter one. A file that is wrong is refused once, with a
 * log line, and everything stays as it is until the file is another.
 */
public final class RouteReload {

    private static final Logger log = LoggerFactory.getLogger(RouteReload.class);

    /**
     * What is in force, and what became of the file.
     *
     * @param file the file that is followed
     * @param routes how many are defined
     * @param since when they or the limits changed last
     * @param refused why the file as it is now is not in force; null if it is. Tells no value of the configuration
     * @param atNextStart properties that the file changed and that are read at the start only
     */
    public record State(
            String file,
            int routes,
            Instant since,
            @Nullable String refused,
            List<String> atNextStart) {}

    /**
     * The looks at the file.
     *
     * @param last when the last one ended
     * @param overdue whether one should have ended since: a disk that hangs, so that no change is seen
     */
    public record Looks(Instant last, boolean overdue) {}

    private final RoutesFile file;
    private final RouteSettingsReader reader;
    private final RouteBuilder builder;
    private final LiveRoutes live;
    private final GatewayProperties properties;
    private final Duration patience;
    private final DefaultLimit defaultLimit;
    private final Clock clock;
    private final Counter applied;
    private final Counter refused;

    private final Map<String, String> othersAtStart;

    private Content seen;
    private @Nullable Content judged;
    private boolean wasThere;

    /** Written when all else is done. */
    private volatile State state;

    private volatile Instant looked;

    /**
     * Reads the file as it is at the start.
     *
     * @param patience how long there may be no look at the file before that is told
     */
    RouteReload(
            RoutesFile file,
            RouteSettingsReader reader,
            RouteBuilder builder,
            LiveRoutes live,
            GatewayProperties properties,
            Duration patience,
            DefaultLimit defaultLimit,
            Clock clock,
            MeterRegistry registry) {
        this.file = file;
        this.reader = reader;
        this.builder = builder;
        this.live = live;
        this.properties = properties;
        this.patience = patience;
        this.defaultLimit = defaultLimit;
        this.clock = clock;
        this.applied = registry.counter("sluice.routes.reload", "outcome", "applied");
        this.refused = registry.counter("sluice.routes.reload", "outcome", "refused");
        this.state = new State(file.path().toString(), 0, clock.instant(), null, List.of());
        Gauge.builder("sluice.routes.refused", this, it -> it.state.refused() == null ? 0 : 1)
                .description("1 while the routes file as it is now is refused")
                .register(registry);
        this.looked = clock.instant();
        this.seen = file.read();
        this.wasThere = seen instanceof Content.Text;
        this.othersAtStart = seen instanceof Content.Text text ? reader.others(text.yaml()) : Map.of();
    }

    public State state() {
        return state;
    }

    public Looks looks() {
        Instant last = looked;
        return new Looks(last, Duration.between(last, clock.instant()).compareTo(patience) > 0);
    }

    /** Looks at the file once, and takes over what it says if it has changed. Never fails. */
    Mono<Void> look() {
        return Mono.<Void>fromRunnable(this::lookNow).subscribeOn(Schedulers.boundedElastic());
    }

    /** One look at a time: {@code Periodic} sees to it. */
    private void lookNow() {
        Content now = file.read();
        boolean settled = now.equals(seen);
        seen = now;
        if (settled && !now.equals(judged)) {
            judged = now;
            judge(now);
        }
        looked = clock.instant();
    }

    private void judge(Content content) {
        State before = state;
        try {
            if (content instanceof Content.Text text) {
                apply(reader.read(text.yaml()), before.since());
                wasThere = true;
            } else if (content instanceof Content.Unreadable unreadable) {
                throw unreadable.mistake();
            } else if (wasThere) {
                throw new RouteConfigurationException("It is gone.", "Put it back.", null);
            } else {
                state = state(before.since(), null, List.of());
            }
        } catch (RouteConfigurationException e) {
            refuse(before, e.summary(), e.getMessage() + " " + e.action());
        } catch (RuntimeException e) {
            refuse(before, "It cannot be used: " + e.getClass().getSimpleName() + ".", Reasons.of(e));
        } catch (StackOverflowError | LinkageError e) {
            // Reactor takes these for the end of the process: the look would never end, and no other one begin.
            refuse(
                    before,
                    "It cannot be used: " + e.getClass().getSimpleName() + ".",
                    e instanceof StackOverflowError ? "It is nested too deep." : Reasons.of(e));
        }
    }

    private void apply(RouteSettings settings, Instant before) {
        RouteTable inForce = live.table();
        boolean sameRoutes = inForce.definitions().equals(settings.routes());
        if (!settings.ofFile() && !sameRoutes) {
            throw new RouteConfigurationException(
                    "It has no routes.", "Routes are defined under " + RouteSettingsReader.ROUTES + ".", null);
        }
        boolean sameLimits =
                inForce.has(settings.operations()) && Objects.equals(defaultLimit.requests(), settings.defaultLimit());
        if (sameRoutes && sameLimits) {
            state = state(before, null, atNextStart(settings.others()));
            return;
        }
        RouteTable next = builder.build(settings.routes(), settings.operations(), inForce);
        live.replace(next);
        defaultLimit.change(settings.defaultLimit());
        properties.setRoutes(next.definitions());
        log.info(
                "The routes file {} is in force: routes {}{}",
                file.path(),
                next.ids(),
                sameLimits ? "" : ", and changed limits");
        applied.increment();
        state = state(clock.instant(), null, atNextStart(settings.others()));
    }

    private void refuse(State before, String summary, String message) {
        log.warn("The routes file {} is refused and changes nothing: {}", file.path(), message);
        refused.increment();
        state = state(before.since(), summary, before.atNextStart());
    }

    private State state(Instant since, @Nullable String mistake, List<String> atNextStart) {
        return new State(file.path().toString(), live.table().built().size(), since, mistake, atNextStart);
    }

    private List<String> atNextStart(Map<String, String> others) {
        TreeSet<String> changed = new TreeSet<>(othersAtStart.keySet());
        changed.addAll(others.keySet());
        changed.removeIf(name -> Objects.equals(othersAtStart.get(name), others.get(name)));
        if (!changed.isEmpty()) {
            log.warn("The routes file {} changes {}, which is read at the start only", file.path(), changed);
        }
        return List.copyOf(changed);
    }
}
