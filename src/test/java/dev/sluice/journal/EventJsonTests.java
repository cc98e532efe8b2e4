package dev.sluice.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.journal.UsageEvent.Kind;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class EventJsonTests {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    /** What earlier versions wrote, and read. */
    @Property
    void writesWhatAMapperWrites(@ForAll("events") UsageEvent event) {
        assertThat(EventJson.complete(event)).isEqualTo(MAPPER.writeValueAsString(event));
        assertThat(EventJson.arguments(List.of(event, event)))
                .isEqualTo(MAPPER.writeValueAsString(Map.of("p_events", List.of(event, event))));
    }

    @Property
    void readsWhatItWrote(@ForAll("events") UsageEvent event) {
        assertThat(EventJson.read(EventJson.complete(event))).isEqualTo(event);
        assertThat(EventJson.read(EventJson.withoutPeriod(event), event.periodEndsAt()))
                .isEqualTo(event);
        assertThat(EventJson.withoutPeriod(event)).doesNotContain("periodEndsAt");
    }

    @Provide
    Arbitrary<UsageEvent> events() {
        Arbitrary<String> texts = Arbitraries.strings().ofMaxLength(12);
        Arbitrary<Instant> instants = Combinators.combine(
                        Arbitraries.longs().between(-70_000_000_000L, 300_000_000_000L),
                        Arbitraries.of(0, 1, 10, 1_000, 120_000, 1_000_000, 120_000_000, 999_999_999))
                .as(Instant::ofEpochSecond);
        Arbitrary<Boolean> flags = Arbitraries.of(true, false);
        return Combinators.combine(
                        texts,
                        Arbitraries.of(Kind.class),
                        texts.injectNull(0.3),
                        Arbitraries.longs(),
                        flags.injectNull(0.3),
                        instants,
                        instants.injectNull(0.3))
                .as((text, kind, perhaps, number, flag, instant, maybe) -> new UsageEvent(
                        "id-" + text,
                        kind,
                        text,
                        perhaps,
                        "signed-url",
                        "supabase",
                        number,
                        -number,
                        flag,
                        perhaps,
                        maybe,
                        instant));
    }

    @Test
    void passesOverFieldsThatItDoesNotKnow() {
        assertThat(EventJson.read(event("\"new\":{\"a\":[1,{}]},")).userId()).isEqualTo("alice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{",
                "\"text\"",
                "{\"id\":1,\"kind\":\"charge\"}",
                "{\"id\":\"a\"}",
                "{\"id\":\"a\"} {}"
            })
    void refusesWhatIsNoEvent(String json) {
        assertThatIllegalArgumentException().isThrownBy(() -> EventJson.read(json));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"kind\":\"gift\",",
                "\"amount\":\"1\",",
                "\"amount\":1.5,",
                "\"amount\":null,",
                "\"bytes\":9223372036854775808,",
                "\"success\":\"yes\",",
                "\"userId\":null,",
                "\"occurredAt\":\"yesterday\","
            })
    void refusesFieldsThatAreNone(String field) {
        String name = field.substring(0, field.indexOf(':') + 1);
        String json = event("").replaceFirst(name + "[^,}]*,?", "").replaceFirst("\\{", "{" + field);

        assertThatIllegalArgumentException().as(json).isThrownBy(() -> EventJson.read(json));
    }

    /** @param field with its comma, before the others */
    private static String event(String field) {
        return "{" + field
                + "\"id\":\"a\",\"kind\":\"charge\",\"userId\":\"alice\",\"apiKeyId\":null,\"operation\":\"upload\","
                + "\"provider\":\"supabase\",\"amount\":1,\"bytes\":2,\"success\":null,"
                + "\"occurredAt\":\"2026-11-23T10:00:00.123Z\",\"code\":null}";
    }
}
