package dev.sluice.intent;

import dev.sluice.problem.Problem;
import org.jspecify.annotations.Nullable;

/**
 * The one spelling of a URL's path: each segment decoded once and encoded again, every byte but RFC 3986's unreserved
 * characters escaped. Two servers cannot read it differently, since nothing in it has a meaning for one of them only.
 */
public final class CanonicalPath {

    private CanonicalPath() {}

    /**
     * The canonical spelling of a path that begins with a slash.
     *
     * @param rawPath as the client sent it
     * @throws dev.sluice.problem.ProblemException 400 INVALID_REQUEST for a path that some server on the way could read as
     *     another: empty and dot segments, encoded slashes, backslashes, control characters, a second encoding, bytes that
     *     are not UTF-8 (overlong forms among them), characters that are not encoded
     */
    public static String of(String rawPath) {
        StringBuilder canonical = new StringBuilder(rawPath.length() + 16);
        for (String segment : rawPath.substring(1).split("/", -1)) {
            canonical.append('/').append(ObjectPath.encode(decoded(segment)));
        }
        return canonical.toString();
    }

    /** Whether there is a canonical spelling of the path, but for one slash at its end. */
    public static boolean exists(String rawPath) {
        for (String segment : rawPath.substring(1).replaceFirst("(?<!/)/$", "").split("/", -1)) {
            if (fault(segment, PercentDecoder.decode(segment)) != null) {
                return false;
            }
        }
        return true;
    }

    private static String decoded(String segment) {
        String decoded = PercentDecoder.decode(segment);
        String fault = fault(segment, decoded);
        if (fault != null || decoded == null) {
            throw Problem.invalid(
                            "path",
                            "The path has " + fault,
                            "Percent-encode each name once, as UTF-8, with single slashes between names")
                    .exception();
        }
        return decoded;
    }

    private static @Nullable String fault(String segment, @Nullable String decoded) {
        if (decoded == null || segment.chars().anyMatch(c -> c > 0x7F)) {
            return "a malformed percent-encoding, an encoded slash or a character that must be encoded";
        }
        if (decoded.isEmpty()) {
            return "an empty segment";
        }
        if (decoded.equals(".") || decoded.equals("..")) {
            return "a dot segment";
        }
        boolean ambiguous = decoded.chars().anyMatch(c -> c == '%' || c == '\\' || Character.isISOControl(c));
        return ambiguous ? "a second percent-encoding, a backslash or a control character" : null;
    }
}
