package dev.sluice.intent;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The syntax of a declared media type: names of RFC 6838 (4.2), parameters of RFC 9110 (5.6.6), 255 characters. */
final class MediaTypeSyntax {

    private static final int MAX_LENGTH = 255;
    private static final int MAX_NAME_LENGTH = 127;
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}";
    private static final String TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
    /** Wider than a token: multipart boundaries with {@code =}, {@code /} or {@code :} are sent without quotes. */
    private static final String VALUE = "(?:[!-~&&[^\";,\\\\]]+|\"(?:[ -~&&[^\"\\\\]]|\\\\[ -~])*+\")";

    private static final Pattern MEDIA_TYPE =
            Pattern.compile(NAME + "/" + NAME + "(?:[ \t]*+;[ \t]*+" + TOKEN + "=" + VALUE + ")*+");

    private static final String HINT = "Give a media type of at most 255 characters, for example image/png";

    private MediaTypeSyntax() {}

    /** What is wrong with it; null if nothing is. */
    static @Nullable Violation check(String mediaType) {
        if (mediaType.length() > MAX_LENGTH) {
            return new Violation("is too long", HINT);
        }
        return isPlain(mediaType) || MEDIA_TYPE.matcher(mediaType).matches()
                ? null
                : new Violation("is not a media type", HINT);
    }

    /** Whether it is two short names of letters and digits, as most are; told without the pattern, which takes its time. */
    private static boolean isPlain(String mediaType) {
        int slash = mediaType.indexOf('/');
        if (slash < 1 || slash == mediaType.length() - 1 || mediaType.length() > MAX_NAME_LENGTH) {
            return false;
        }
        for (int i = 0; i < mediaType.length(); i++) {
            char c = mediaType.charAt(i);
            boolean letterOrDigit = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!letterOrDigit && i != slash) {
                return false;
            }
        }
        return true;
    }
}
