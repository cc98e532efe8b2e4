package dev.sluice.intent;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A bucket and an object's path in it, decoded. An instance is always valid by the rules of this package.
 *
 * @param bucket the bucket's id, never a path; 1 to 100 bytes
 * @param path the object's key, without a leading slash; 1 to 1,024 bytes
 */
public record ObjectPath(String bucket, String path) {

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    /** @throws IllegalArgumentException if either breaks the rules; a client's input is checked before, with a hint */
    public ObjectPath {
        Violation violation = KeyRules.bucket(bucket);
        if (violation != null) {
            throw new IllegalArgumentException("The bucket " + violation.detail());
        }
        violation = KeyRules.path(path);
        if (violation != null) {
            throw new IllegalArgumentException("The path " + violation.detail());
        }
    }

    /** {@code bucket/path}, decoded: what storage-api's signed tokens name. */
    public String decoded() {
        return bucket + "/" + path;
    }

    /**
     * {@code bucket/path} for a URL: every byte but slashes and RFC 3986's unreserved characters is percent-encoded. The
     * sub-delimiters would be legal as they are, but some servers on the way give them a meaning ({@code ;} begins
     * parameters, {@code +} is a space), and then two of them would see two objects.
     */
    public String encoded() {
        return encode(decoded());
    }

    /**
     * Where in a raw URL path this object is named: the part up to and with the slash before the bucket; null unless the
     * rest names exactly this object, each segment decoded once.
     */
    public @Nullable String prefixIn(String rawPath) {
        String plain = decoded();
        if (rawPath.indexOf('%') < 0) {
            int prefix = rawPath.length() - plain.length();
            return prefix > 0 && rawPath.charAt(prefix - 1) == '/' && rawPath.endsWith(plain)
                    ? rawPath.substring(0, prefix)
                    : null;
        }
        String[] wanted = plain.split("/", -1);
        int end = rawPath.length();
        for (int i = wanted.length - 1; i >= 0; i--) {
            int slash = end < 0 ? -1 : rawPath.lastIndexOf('/', end - 1);
            if (slash < 0 || !wanted[i].equals(PercentDecoder.decode(rawPath.substring(slash + 1, end)))) {
                return null;
            }
            end = slash;
        }
        return rawPath.substring(0, end + 1);
    }

    static String encode(String text) {
        return isUnreserved(text) ? text : escape(text);
    }

    private static boolean isUnreserved(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) != '/' && !isUnreserved(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static String escape(String text) {
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            if (c == '/' || isUnreserved(c)) {
                encoded.append(c);
            } else {
                encoded.append('%').append(HEX.toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    private static boolean isUnreserved(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }
}
