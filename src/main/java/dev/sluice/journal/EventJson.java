package dev.sluice.journal;

import dev.sluice.journal.UsageEvent.Kind;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.io.JsonStringEncoder;
import tools.jackson.core.json.JsonFactory;

/**
 * The JSON of a {@link UsageEvent}, the same whatever the application's own mapper is set to. It is written and read by hand:
 * each request has two events, which are each written twice and read once.
 *
 * <p>In the stream {@code periodEndsAt} is a field of the entry, beside the JSON: of a charge only the ledger knows it, and
 * the JSON is made before the ledger is asked.
 */
public final class EventJson {

    private static final JsonFactory JSON = new JsonFactory();
    private static final JsonStringEncoder QUOTE = JsonStringEncoder.getInstance();
    private static final int USUAL_LENGTH = 320;

    /** One per thread; no longer than the longest event was, whose texts are all bounded. */
    private static final ThreadLocal<StringBuilder> WRITTEN =
            ThreadLocal.withInitial(() -> new StringBuilder(USUAL_LENGTH));

    private EventJson() {}

    /** The event as the stream's field {@code event} holds it: all but {@code periodEndsAt}. */
    public static String withoutPeriod(UsageEvent event) {
        return text(event, false);
    }

    /** The event as {@code apply_usage} takes it. */
    public static String complete(UsageEvent event) {
        return text(event, true);
    }

    private static String text(UsageEvent event, boolean withPeriod) {
        StringBuilder json = WRITTEN.get();
        json.setLength(0);
        write(json, event, withPeriod);
        return json.toString();
    }

    /** The arguments with which {@code apply_usage} is called for these events. */
    public static String arguments(List<UsageEvent> events) {
        StringBuilder json = new StringBuilder(events.size() * USUAL_LENGTH).append("{\"p_events\":[");
        String separator = "";
        for (UsageEvent event : events) {
            json.append(separator);
            write(json, event, true);
            separator = ",";
        }
        return json.append("]}").toString();
    }

    private static void write(StringBuilder json, UsageEvent event, boolean withPeriod) {
        json.append("{\"id\":");
        write(json, event.id());
        json.append(",\"kind\":\"").append(event.kind().word());
        json.append("\",\"userId\":");
        write(json, event.userId());
        json.append(",\"apiKeyId\":");
        write(json, event.apiKeyId());
        json.append(",\"operation\":");
        write(json, event.operation());
        json.append(",\"provider\":");
        write(json, event.provider());
        json.append(",\"amount\":").append(event.amount());
        json.append(",\"bytes\":").append(event.bytes());
        json.append(",\"success\":").append(event.success());
        json.append(",\"code\":");
        write(json, event.code());
        if (withPeriod) {
            Instant ends = event.periodEndsAt();
            json.append(",\"periodEndsAt\":");
            write(json, ends == null ? null : ends.toString());
        }
        json.append(",\"occurredAt\":\"");
        InstantText.append(json, event.occurredAt());
        json.append("\"}");
    }

    private static void write(StringBuilder json, @Nullable String text) {
        if (text == null) {
            json.append("null");
        } else {
            json.append('"');
            QUOTE.quoteAsString(text, json);
            json.append('"');
        }
    }

    /**
     * Reads what {@link #withoutPeriod} wrote.
     *
     * @throws IllegalArgumentException if it is no event
     */
    public static UsageEvent read(String json, @Nullable Instant periodEndsAt) {
        return new Reader().read(json).event(periodEndsAt);
    }

    /**
     * Reads what {@link #complete} wrote.
     *
     * @throws IllegalArgumentException if it is no event
     */
    public static UsageEvent read(String json) {
        Reader reader = new Reader().read(json);
        return reader.event(reader.periodEndsAt);
    }

    /** What is known of an event so far. */
    private static final class Reader {

        private @Nullable String id;
        private @Nullable Kind kind;
        private @Nullable String userId;
        private @Nullable String apiKeyId;
        private @Nullable String operation;
        private @Nullable String provider;
        private @Nullable Long amount;
        private @Nullable Long bytes;
        private @Nullable Boolean success;
        private @Nullable String code;
        private @Nullable Instant periodEndsAt;
        private @Nullable Instant occurredAt;

        Reader read(String json) {
            try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
                expect(parser.nextToken() == JsonToken.START_OBJECT);
                for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                    field(parser, name);
                }
                expect(parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null);
            } catch (JacksonException e) {
                throw new IllegalArgumentException("The event is not valid JSON: " + e.getOriginalMessage(), e);
            } catch (DateTimeException e) {
                throw new IllegalArgumentException("The event has a time that is none: " + e.getMessage(), e);
            }
            return this;
        }

        private void field(JsonParser parser, String name) {
            JsonToken value = parser.nextToken();
            switch (name) {
                case "id" -> id = text(parser, value);
                case "kind" -> kind = kind(text(parser, value));
                case "userId" -> userId = text(parser, value);
                case "apiKeyId" -> apiKeyId = text(parser, value);
                case "operation" -> operation = text(parser, value);
                case "provider" -> provider = text(parser, value);
                case "amount" -> amount = number(parser, value);
                case "bytes" -> bytes = number(parser, value);
                case "success" -> success = flag(value);
                case "code" -> code = text(parser, value);
                case "periodEndsAt" -> periodEndsAt = period(text(parser, value));
                case "occurredAt" -> occurredAt = time(text(parser, value));
                default -> parser.skipChildren();
            }
        }

        UsageEvent event(@Nullable Instant period) {
            if (id == null
                    || kind == null
                    || userId == null
                    || operation == null
                    || provider == null
                    || amount == null
                    || bytes == null
                    || occurredAt == null) {
                throw new IllegalArgumentException("The event lacks one of its required fields");
            }
            return new UsageEvent(
                    id, kind, userId, apiKeyId, operation, provider, amount, bytes, success, code, period, occurredAt);
        }

        private static @Nullable String text(JsonParser parser, JsonToken value) {
            expect(value == JsonToken.VALUE_STRING || value == JsonToken.VALUE_NULL);
            return value == JsonToken.VALUE_NULL ? null : parser.getString();
        }

        private static @Nullable Long number(JsonParser parser, JsonToken value) {
            expect(value == JsonToken.VALUE_NUMBER_INT || value == JsonToken.VALUE_NULL);
            return value == JsonToken.VALUE_NULL ? null : (Long) parser.getLongValue();
        }

        private static @Nullable Boolean flag(JsonToken value) {
            expect(value.isBoolean() || value == JsonToken.VALUE_NULL);
            return value == JsonToken.VALUE_NULL ? null : (Boolean) (value == JsonToken.VALUE_TRUE);
        }

        private static @Nullable Kind kind(@Nullable String word) {
            Kind kind = word == null ? null : Kind.of(word);
            expect(word == null || kind != null);
            return kind;
        }

        private static @Nullable Instant period(@Nullable String text) {
            return text == null ? null : Instant.parse(text);
        }

        private static @Nullable Instant time(@Nullable String text) {
            return text == null ? null : InstantText.parse(text);
        }

        private static void expect(boolean is) {
            if (!is) {
                throw new IllegalArgumentException("The JSON is not that of an event");
            }
        }
    }
}
