package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import dev.sluice.problem.JsonText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Mints storage's signed tokens in process: HS256 over the UTF-8 bytes of the JWT secret (RFC 7515, 7519), with the claims
 * that storage-api itself sets. {@code scope} is for servers since June 2026, {@code upsert} for those before. This is
 * recorded behaviour, not a documented interface.
 */
final class TokenMint {

    private static final int LEAST_SECRET_BYTES = 32;
    private static final String HMAC_SHA256 = "HmacSHA256";
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    /** The header, encoded, with the dot behind it. */
    private static final byte[] HEADER = (BASE64.encodeToString(
                            "{\"typ\":\"JWT\",\"alg\":\"HS256\"}".getBytes(StandardCharsets.US_ASCII))
                    + ".")
            .getBytes(StandardCharsets.US_ASCII);

    /** Of 32 bytes in base64url. */
    private static final int SIGNATURE_LENGTH = 43;

    /** {@code 8-4-4-4-12} hexadecimal digits. */
    private static final int UUID_LENGTH = 36;

    /** One per thread, since it has a state. */
    private final ThreadLocal<Mac> macs;

    private final Clock clock;

    /** @throws IllegalStateException if the secret is too short for HS256 (RFC 7518, 3.2) */
    TokenMint(String secret, Clock clock) {
        byte[] key = secret.getBytes(StandardCharsets.UTF_8);
        if (key.length < LEAST_SECRET_BYTES) {
            throw new IllegalStateException(
                    "sluice.supabase.jwt-secret must be at least 32 bytes long for sluice.signed-url.signer=local, as"
                            + " the project's own JWT secret is (environment SUPABASE_JWT_SECRET)");
        }
        SecretKeySpec spec = new SecretKeySpec(key, HMAC_SHA256);
        this.macs = ThreadLocal.withInitial(() -> mac(spec));
        this.clock = clock;
    }

    /** @param userId becomes the object's owner if it is a UUID, the only form that storage stores */
    String upload(ObjectPath object, boolean upsert, @Nullable String userId, Duration expiresIn) {
        JsonText claims = new JsonText();
        if (userId != null && isUuid(userId)) {
            claims.member("owner", userId);
        }
        return sign(
                claims.member("url", object.decoded()).member("upsert", upsert).member("scope", "upload"), expiresIn);
    }

    String download(ObjectPath object, Duration expiresIn) {
        return sign(new JsonText().member("url", object.decoded()).member("scope", "download"), expiresIn);
    }

    private String sign(JsonText claims, Duration expiresIn) {
        long nowMillis = clock.millis();
        byte[] payload = claims.member("iat", nowMillis / 1000)
                .member("exp", (nowMillis + expiresIn.toMillis()) / 1000)
                .bytes();
        byte[] encoded = BASE64.encode(payload);
        Mac mac = macs.get();
        mac.update(HEADER);
        byte[] signature = mac.doFinal(encoded);
        byte[] token = new byte[HEADER.length + encoded.length + 1 + SIGNATURE_LENGTH];
        ByteBuffer.wrap(token).put(HEADER).put(encoded).put((byte) '.').put(BASE64.encode(signature));
        return new String(token, StandardCharsets.ISO_8859_1);
    }

    private static Mac mac(SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance(HMAC_SHA256);
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every JDK has HmacSHA256", e);
        }
    }

    private static boolean isUuid(String text) {
        if (text.length() != UUID_LENGTH) {
            return false;
        }
        for (int i = 0; i < UUID_LENGTH; i++) {
            char c = text.charAt(i);
            boolean dash = i == 8 || i == 13 || i == 18 || i == 23;
            boolean hex = c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
            if (dash ? c != '-' : !hex) {
                return false;
            }
        }
        return true;
    }
}
