package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.ledger.Entry;
import dev.sluice.redis.KeySpace;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeliveryTests {

    private static final Instant PERIOD_ENDS = Instant.parse("2026-12-01T00:00:00Z");
    private static final UsageEvent CHARGE = new UsageEvent(
            "01934c1e-0000-7000-8000-000000000001",
            Kind.CHARGE,
            "alice",
            null,
            "signed-url",
            "supabase",
            2,
            30,
            null,
            null,
            PERIOD_ENDS,
            Instant.parse("2026-11-23T10:00:00.123Z"));

    @Test
    void readsWhatWasWrittenWithThePeriodBesideIt() {
        assertThat(EventJson.withoutPeriod(CHARGE)).doesNotContain("periodEndsAt");

        Delivery delivery = of(fields(CHARGE));

        assertThat(delivery).isInstanceOfSatisfying(Delivery.Usable.class, usable -> {
            assertThat(usable.event()).isEqualTo(CHARGE);
            assertThat(usable.entry()).isEqualTo(new Entry("1-0", CHARGE.id(), "charge", 2, 30, "inc-1"));
        });
    }

    @Test
    void readsAQuotaWithoutAPeriod() {
        Map<String, String> fields = fields(CHARGE);
        fields.put("period", "");

        assertThat(of(fields))
                .isInstanceOfSatisfying(
                        Delivery.Usable.class,
                        usable -> assertThat(usable.event().periodEndsAt()).isNull());
    }

    @Test
    void writesTheContractsJsonForTheDatabase() {
        assertThat(EventJson.complete(CHARGE))
                .contains(
                        "\"kind\":\"charge\"",
                        "\"apiKeyId\":null",
                        "\"periodEndsAt\":\"2026-12-01T00:00:00Z\"",
                        "\"occurredAt\":\"2026-11-23T10:00:00.123Z\"");
    }

    @Test
    void tellsWhyAnEntryIsUnusable() {
        Map<String, String> otherId = fields(CHARGE);
        otherId.put("id", "another");
        Map<String, String> noJson = fields(CHARGE);
        noJson.put("event", "{");
        Map<String, String> noUser = fields(CHARGE);
        noUser.put("event", "{\"id\":\"" + CHARGE.id() + "\",\"amount\":1,\"bytes\":0}");
        Map<String, String> noPeriod = fields(CHARGE);
        noPeriod.put("period", "soon");

        assertThat(of(otherId)).isInstanceOf(Delivery.Unusable.class);
        assertThat(of(noJson)).isInstanceOf(Delivery.Unusable.class);
        assertThat(of(noUser)).isInstanceOf(Delivery.Unusable.class);
        assertThat(of(noPeriod)).isInstanceOf(Delivery.Unusable.class);
        assertThat(of(Map.of())).isInstanceOf(Delivery.Unusable.class);
        assertThat(Delivery.of((KeySpace.partition("alice") + 1) % 64, "1-0", fields(CHARGE)))
                .isInstanceOfSatisfying(
                        Delivery.Unusable.class,
                        unusable -> assertThat(unusable.error()).contains("another partition"));
    }

    private static Delivery of(Map<String, String> fields) {
        return Delivery.of(KeySpace.partition("alice"), "1-0", fields);
    }

    private static Map<String, String> fields(UsageEvent event) {
        Map<String, String> fields = new HashMap<>();
        fields.put("id", event.id());
        fields.put("inc", "inc-1");
        fields.put("period", Long.toString(PERIOD_ENDS.toEpochMilli()));
        fields.put("event", EventJson.withoutPeriod(event));
        return fields;
    }
}
