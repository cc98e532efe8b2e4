package dev.sluice.journal;

import java.time.Instant;
import java.time.format.DateTimeParseException;

/**
 * Instants as text, of the form of {@link Instant#toString()}. Those of events that follow each other are mostly of the same
 * second, so that all but the fraction is made once: a formatter takes as long as all the rest of an event.
 */
final class InstantText {

    /** A whole second, up to where the fraction begins, such as {@code 2026-11-24T10:11:12}. */
    private record Second(long epochSecond, String text) {

        static Second of(long epochSecond) {
            String text = Instant.ofEpochSecond(epochSecond).toString();
            return new Second(epochSecond, text.substring(0, text.length() - 1));
        }
    }

    private static final int NANO_DIGITS = 9;

    /** In nanoseconds. */
    private static final int TENTH = 100_000_000;

    private static volatile Second last = Second.of(0);

    private InstantText() {}

    static void append(StringBuilder text, Instant instant) {
        Second second = last;
        if (second.epochSecond != instant.getEpochSecond()) {
            second = Second.of(instant.getEpochSecond());
            last = second;
        }
        text.append(second.text);
        int nano = instant.getNano();
        if (nano != 0) {
            int unit = TENTH;
            while (nano % 1_000 == 0) {
                nano /= 1_000;
                unit /= 1_000;
            }
            text.append('.');
            for (; unit > 0; unit /= 10) {
                text.append((char) ('0' + nano / unit % 10));
            }
        }
        text.append('Z');
    }

    /** @throws DateTimeParseException if it is no instant */
    static Instant parse(String text) {
        Second second = last;
        int point = second.text.length();
        int end = text.length() - 1;
        if (point < end
                && end <= point + NANO_DIGITS + 1
                && text.charAt(point) == '.'
                && text.startsWith(second.text)) {
            int nano = nano(text, point + 1, end);
            if (nano >= 0) {
                return Instant.ofEpochSecond(second.epochSecond, nano);
            }
        }
        Instant instant = Instant.parse(text);
        if (instant.getEpochSecond() != second.epochSecond) {
            last = Second.of(instant.getEpochSecond());
        }
        return instant;
    }

    /** The fraction of a second between two places; -1 if it is none, or not the rest of the text but a Z. */
    private static int nano(String text, int from, int end) {
        if (from == end || text.charAt(end) != 'Z') {
            return -1;
        }
        int nano = 0;
        for (int i = from; i < from + NANO_DIGITS; i++) {
            int digit = i < end ? text.charAt(i) - '0' : 0;
            if (digit < 0 || digit > 9) {
                return -1;
            }
            nano = nano * 10 + digit;
        }
        return nano;
    }
}
