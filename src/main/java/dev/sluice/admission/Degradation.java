package dev.sluice.admission;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which layers the admission can reach at the moment. Each change is logged once, not once per request, and a layer is
 * told to have recovered only after it has not failed for {@value #QUIET_SECONDS} s; each claim that policy decided is
 * counted.
 */
public final class Degradation {

    private static final Logger log = LoggerFactory.getLogger(Degradation.class);

    /** What the admission depends on. */
    public enum Layer {
        REDIS("rates are held by the memory guard, quotas and verdicts by the database"),
        DATABASE("what Redis does not know is decided by policy");

        private final String meaning;

        Layer(String meaning) {
            this.meaning = meaning;
        }

        /** What holds while this layer is away. */
        public String meaning() {
            return meaning;
        }
    }

    private static final long QUIET_SECONDS = 5;

    private final MeterRegistry registry;
    private final LongSupplier nanoTime;
    private final Map<Layer, State> states = new EnumMap<>(Layer.class);

    /** @param nanoTime a monotonic clock, {@link System#nanoTime()} outside of tests */
    public Degradation(MeterRegistry registry, LongSupplier nanoTime) {
        this.registry = registry;
        this.nanoTime = nanoTime;
        for (Layer layer : Layer.values()) {
            states.put(layer, new State());
        }
    }

    /** True for the call that finds the layer failing after it had answered. */
    boolean failed(Layer layer, Throwable error) {
        State state = state(layer);
        state.failedAtNanos = nanoTime.getAsLong();
        if (!state.told.get() && state.told.compareAndSet(false, true)) {
            log.warn("Degraded: {} cannot be reached, {} ({})", layer, layer.meaning(), error.toString());
        }
        return !state.failing.get() && state.failing.compareAndSet(false, true);
    }

    void answered(Layer layer) {
        State state = state(layer);
        if (state.failing.get()) {
            state.failing.set(false);
        }
        if (state.told.get() && isQuiet(state) && state.told.compareAndSet(true, false)) {
            log.warn("Recovered: {} answers again", layer);
        }
    }

    private boolean isQuiet(State state) {
        return nanoTime.getAsLong() - state.failedAtNanos >= TimeUnit.SECONDS.toNanos(QUIET_SECONDS);
    }

    void decidedByPolicy(Claim claim, OnFailure policy) {
        Counter.builder("sluice.admission.degraded")
                .description("Claims decided by policy because nothing else could decide them")
                .tag("claim", claim.name())
                .tag("policy", policy.name().toLowerCase(Locale.ROOT))
                .register(registry)
                .increment();
    }

    private State state(Layer layer) {
        return Objects.requireNonNull(states.get(layer));
    }

    /** Of one layer: whether it failed when it was last asked, when it last failed, and what was last told of it. */
    private static final class State {
        private final AtomicBoolean failing = new AtomicBoolean();
        private final AtomicBoolean told = new AtomicBoolean();
        private volatile long failedAtNanos;
    }
}
