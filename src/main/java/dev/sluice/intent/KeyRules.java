package dev.sluice.intent;

import org.jspecify.annotations.Nullable;

/**
 * What storage-api accepts as an object's key and a bucket's id, less everything that two servers on the way could read
 * differently. The alphabet is that of its key check: letters, digits and {@code _/!.*'() &$=@;:+,?-}; all of it is
 * ASCII, so characters and bytes are the same number. A percent sign is not in it, which leaves no way to encode twice.
 */
final class KeyRules {

    static final int MAX_PATH_BYTES = 1024;
    static final int MAX_BUCKET_BYTES = 100;

    private static final String PUNCTUATION = "_!.*'() &$=@;:+,?-";
    private static final String ALPHABET = "letters, digits and " + PUNCTUATION;

    private KeyRules() {}

    /** What is wrong with an object's path; null if nothing is. */
    static @Nullable Violation path(String path) {
        if (path.isEmpty()) {
            return new Violation("is empty", "Name the object, for example photos/cat.png");
        }
        if (path.length() > MAX_PATH_BYTES) {
            return new Violation("is too long", "Use at most " + MAX_PATH_BYTES + " bytes");
        }
        Violation character = characters(path, true);
        return character != null ? character : segments(path);
    }

    /** What is wrong with a bucket's id; null if nothing is. */
    static @Nullable Violation bucket(String bucket) {
        if (bucket.isBlank()) {
            return new Violation("is empty", "Name the bucket by its id, for example avatars");
        }
        if (bucket.length() > MAX_BUCKET_BYTES) {
            return new Violation("is too long", "Use at most " + MAX_BUCKET_BYTES + " bytes");
        }
        if (isDots(bucket, 0, bucket.length())) {
            return new Violation("is a dot segment", "Name the bucket by its id, for example avatars");
        }
        return characters(bucket, false);
    }

    private static @Nullable Violation segments(String path) {
        int start = 0;
        while (start <= path.length()) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            if (end == start) {
                return new Violation(
                        "has an empty segment", "Use single slashes between names, none at the beginning or end");
            }
            if (isDots(path, start, end)) {
                return new Violation("has a dot segment", "Write the whole path without . and .. segments");
            }
            start = end + 1;
        }
        return null;
    }

    private static boolean isDots(String text, int start, int end) {
        return end - start <= 2 && text.charAt(start) == '.' && text.charAt(end - 1) == '.';
    }

    private static @Nullable Violation characters(String text, boolean slashAllowed) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean allowed = c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '/' && slashAllowed
                    || PUNCTUATION.indexOf(c) >= 0;
            if (!allowed) {
                return new Violation(
                        "has a character that storage does not accept, at position " + (i + 1),
                        "Use " + ALPHABET + (slashAllowed ? ", with / between names" : "; an id has no slash"));
            }
        }
        return null;
    }
}
