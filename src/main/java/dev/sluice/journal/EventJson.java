package dev.sluice.journal;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON of a {@link UsageEvent}, the same whatever the application's own mapper is set to.
 *
 * <p>In the stream {@code periodEndsAt} is a field of the entry, beside the JSON: of a charge only the ledger knows it, and
 * the JSON is made before the ledger is asked.
 */
public final class EventJson {

    private static final JsonMapper COMPLETE = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private static final JsonMapper WITHOUT_PERIOD =
            COMPLETE.rebuild().addMixIn(UsageEvent.class, WithoutPeriod.class).build();

    private EventJson() {}

    /** The event as the stream's field {@code event} holds it: all but {@code periodEndsAt}. */
    public static String withoutPeriod(UsageEvent event) {
        return WITHOUT_PERIOD.writeValueAsString(event);
    }

    /** The event as {@code apply_usage} takes it. */
    public static String complete(UsageEvent event) {
        return COMPLETE.writeValueAsString(event);
    }

    /**
     * Reads what {@link #withoutPeriod} wrote.
     *
     * @throws IllegalArgumentException if it is no event
     */
    public static UsageEvent read(String json, @Nullable Instant periodEndsAt) {
        return read(json).withPeriod(periodEndsAt);
    }

    /**
     * Reads what {@link #complete} wrote.
     *
     * @throws IllegalArgumentException if it is no event
     */
    public static UsageEvent read(String json) {
        UsageEvent event;
        try {
            event = COMPLETE.readValue(json, UsageEvent.class);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("The event is not valid JSON: " + e.getOriginalMessage(), e);
        }
        if (event == null || !isWhole(event)) {
            throw new IllegalArgumentException("The event lacks one of its required fields");
        }
        return event;
    }

    /** JSON can leave out what Java's types promise. */
    @SuppressWarnings("ConstantValue")
    private static boolean isWhole(UsageEvent event) {
        return event.id() != null
                && event.kind() != null
                && event.userId() != null
                && event.operation() != null
                && event.provider() != null
                && event.occurredAt() != null;
    }

    @JsonIgnoreProperties("periodEndsAt")
    private interface WithoutPeriod {}
}
