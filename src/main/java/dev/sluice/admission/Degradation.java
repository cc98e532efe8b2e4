package dev.sluice.admission;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which layers the admission can reach at the moment. Each change is logged once, not once per request; each claim that
 * policy decided is counted.
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

    private final MeterRegistry registry;
    private final Map<Layer, AtomicBoolean> failing = new EnumMap<>(Layer.class);

    public Degradation(MeterRegistry registry) {
        this.registry = registry;
        for (Layer layer : Layer.values()) {
            failing.put(layer, new AtomicBoolean());
        }
    }

    /** Whether the layer failed when it was last asked. */
    boolean isFailing(Layer layer) {
        return state(layer).get();
    }

    /** True for the call that finds the layer failing for the first time. */
    boolean failed(Layer layer, Throwable error) {
        boolean changed = !isFailing(layer) && state(layer).compareAndSet(false, true);
        if (changed) {
            log.warn("Degraded: {} cannot be reached, {} ({})", layer, layer.meaning(), error.toString());
        }
        return changed;
    }

    void answered(Layer layer) {
        if (isFailing(layer) && state(layer).compareAndSet(true, false)) {
            log.warn("Recovered: {} answers again", layer);
        }
    }

    void decidedByPolicy(Claim claim, OnFailure policy) {
        Counter.builder("sluice.admission.degraded")
                .description("Claims decided by policy because nothing else could decide them")
                .tag("claim", claim.name())
                .tag("policy", policy.name().toLowerCase(Locale.ROOT))
                .register(registry)
                .increment();
    }

    private AtomicBoolean state(Layer layer) {
        AtomicBoolean state = failing.get(layer);
        if (state == null) {
            throw new IllegalStateException("No state of " + layer);
        }
        return state;
    }
}
