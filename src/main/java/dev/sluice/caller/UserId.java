package dev.sluice.caller;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/** What may be a user's id, and how it is written in a header. */
final class UserId {

    private static final int MAX_LENGTH = 256;

    /** What the database takes. */
    private static final int MAX_BYTES = 512;

    private UserId() {}

    /** Not blank, at most 256 characters, none of them a control character or half of a surrogate pair. */
    static boolean isValid(@Nullable String id) {
        return id != null
                && !id.isBlank()
                && id.length() <= MAX_LENGTH
                && id.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES
                && id.codePoints().noneMatch(c -> Character.isISOControl(c) || isLoneSurrogate(c));
    }

    /** It has no UTF-8 of its own, so that two such ids would share their keys. */
    private static boolean isLoneSurrogate(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }

    /** The id itself if a header can carry it, else percent-encoded UTF-8. */
    static String inHeader(String id) {
        return isPlain(id) ? id : UriUtils.encode(id, StandardCharsets.UTF_8);
    }

    private static boolean isPlain(String id) {
        for (int i = 0; i < id.length(); i++) {
            if (id.charAt(i) < ' ' || id.charAt(i) >= 0x7f) {
                return false;
            }
        }
        return !id.startsWith(" ") && !id.endsWith(" ");
    }
}
