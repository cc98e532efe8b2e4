package dev.sluice.usage;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.ledger.Entry;
import dev.sluice.redis.KeySpace;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An entry of a usage stream as it was delivered to this instance. */
sealed interface Delivery {

    /** The partition whose stream it is in. */
    int partition();

    /** The stream's id of it, {@code <ms>-<n>}. */
    String entryId();

    /**
     * An event that can be applied.
     *
     * @param incarnation of the ledger that was charged; empty for other kinds
     */
    record Usable(int partition, String entryId, String incarnation, UsageEvent event) implements Delivery {

        Entry entry() {
            return new Entry(
                    entryId,
                    event.id(),
                    event.kind().word(),
                    event.amount(),
                    event.bytes(),
                    event.kind() == Kind.CHARGE ? incarnation : "");
        }
    }

    /** Something that is no event of this partition, and why. */
    record Unusable(int partition, String entryId, String error) implements Delivery {}

    /** Reads an entry's fields. */
    static Delivery of(int partition, String entryId, @Nullable Map<String, String> fields) {
        try {
            return new Usable(partition, entryId, field(fields, "inc"), event(partition, fields));
        } catch (IllegalArgumentException e) {
            return new Unusable(partition, entryId, String.valueOf(e.getMessage()));
        }
    }

    private static UsageEvent event(int partition, @Nullable Map<String, String> fields) {
        UsageEvent event = EventJson.read(field(fields, "event"), period(field(fields, "period")));
        if (!event.id().equals(field(fields, "id"))) {
            throw new IllegalArgumentException("The entry's id is not its event's");
        }
        if (KeySpace.partition(event.userId()) != partition) {
            throw new IllegalArgumentException("The event's user belongs to another partition");
        }
        return event;
    }

    private static @Nullable Instant period(String epochMillis) {
        return epochMillis.isEmpty() ? null : Instant.ofEpochMilli(Long.parseLong(epochMillis));
    }

    private static String field(@Nullable Map<String, String> fields, String name) {
        String value = fields == null ? null : fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("The entry has no field " + name);
        }
        return value;
    }
}
