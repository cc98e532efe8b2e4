package dev.sluice.management;

/** Text of others in a log line. */
final class Text {

    private Text() {}

    /**
     * Printable ASCII without quotes, whatever was sent, so that it can neither begin a line nor end a field: all else, and a
     * backslash, as {@code \\uXXXX}.
     *
     * @param most characters that are kept; what is longer ends in {@code ...}
     */
    static String harmless(String text, int most) {
        StringBuilder harmless = new StringBuilder(Math.min(text.length(), most) + 8);
        for (int i = 0; i < text.length() && i < most; i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
                harmless.append(c);
            } else {
                harmless.append(String.format("\\u%04x", (int) c));
            }
        }
        return text.length() > most ? harmless.append("...").toString() : harmless.toString();
    }
}
