package dev.sluice.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Database.RefusedByDatabase;
import dev.sluice.testkit.Postgres;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiKeysIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @Test
    void areResolvedByTheirHash() {
        String key = create("alice", "pro");

        JsonNode identity = resolve(key);

        assertThat(identity.propertyNames()).containsExactlyInAnyOrder("apiKeyId", "userId", "plan");
        assertThat(identity.get("userId").asString()).isEqualTo("alice");
        assertThat(identity.get("plan").asString()).isEqualTo("pro");
        assertThat(identity.get("apiKeyId").asString()).isEqualTo(database.text("select id from public.api_keys"));
    }

    @Test
    void areStoredAsHashAndPrefixOnly() {
        String key = create("alice", "pro");

        assertThat(key).matches("sk_sluice_[0-9a-f]{64}");
        assertThat(database.text("select prefix from public.api_keys")).isEqualTo(key.substring(0, 16));
        assertThat(database.text("select to_jsonb(k)::text from public.api_keys k"))
                .doesNotContain(key.substring(16));
    }

    @Test
    void differFromOneAnother() {
        assertThat(create("alice", "pro")).isNotEqualTo(create("alice", "pro"));
    }

    @Test
    void areUnknownWhenExpiredOrRevokedOrNeverMade() {
        String expired = create("alice", "pro");
        database.execute("update public.api_keys set expires_at = now()");
        String revoked = create("alice", "pro");
        UUID id = UUID.fromString(resolve(revoked).get("apiKeyId").asString());

        assertThat(edge.json("select to_jsonb(public.revoke_api_key(?))", id).asBoolean())
                .isTrue();

        assertThat(resolve(expired).isNull()).isTrue();
        assertThat(resolve(revoked).isNull()).isTrue();
        assertThat(resolve("sk_sluice_unknown").isNull()).isTrue();
    }

    @Test
    void keepTheTimeOfTheirFirstRevocation() {
        create("alice", "pro");
        database.execute("update public.api_keys set revoked_at = '2026-01-01T00:00:00Z'");

        edge.json("select to_jsonb(public.revoke_api_key((select id from public.api_keys)))");

        assertThat(database.text("select revoked_at = '2026-01-01T00:00:00Z' from public.api_keys"))
                .isEqualTo("true");
        assertThat(edge.json("select to_jsonb(public.revoke_api_key(?))", UUID.randomUUID())
                        .asBoolean())
                .isFalse();
    }

    @Test
    void belongToSomebody() {
        for (String nobody : new String[] {"", "*"}) {
            assertThatThrownBy(() -> create(nobody, "pro"))
                    .isInstanceOfSatisfying(
                            RefusedByDatabase.class,
                            e -> assertThat(e.sqlState()).isEqualTo("22023"));
        }
    }

    private String create(String userId, String plan) {
        return edge.json("select public.create_api_key(?, 'laptop', ?)", userId, plan)
                .asString();
    }

    private JsonNode resolve(String key) {
        return edge.json("select public.resolve_api_key(?)", sha256(key));
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
