package dev.sluice.testkit.supabase;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;

/** The cryptography beneath both servers' token rules. */
final class Signatures {

    private Signatures() {}

    /** Whether the third part of a compact JWS is the signature of its first two under this secret. */
    static boolean verifies(String[] parts, String secret) {
        try {
            return verifies(parts, new MACVerifier(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (JOSEException e) {
            return false;
        }
    }

    /** The same under the public half of an EC or RSA key. */
    static boolean verifies(String[] parts, JWK key) {
        try {
            if (key instanceof ECKey ec) {
                return verifies(parts, new ECDSAVerifier(ec));
            }
            return key instanceof RSAKey rsa && verifies(parts, new RSASSAVerifier(rsa));
        } catch (JOSEException e) {
            return false;
        }
    }

    private static boolean verifies(String[] parts, JWSVerifier verifier) throws JOSEException {
        try {
            JWSHeader header = JWSHeader.parse(new Base64URL(parts[0]));
            byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
            return verifier.verify(header, signed, new Base64URL(parts[2]));
        } catch (ParseException e) {
            return false;
        }
    }
}
