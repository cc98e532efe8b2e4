package dev.sluice.operation;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * So many requests in a rolling window, written {@code 200/1m}.
 *
 * @param limit requests, 1 to 1,000,000,000
 * @param window whole seconds, 1 s to 31 days
 */
public record Rate(long limit, Duration window) {

    private static final Pattern FORM = Pattern.compile("\\s*(\\d{1,10})\\s*/\\s*(\\d{1,7})\\s*([smhd])\\s*");
    private static final Duration LONGEST = Duration.ofDays(31);
    private static final long MOST = 1_000_000_000;

    public Rate {
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("a rate's limit is 1 to " + MOST + ", not " + limit);
        }
        if (window.toSeconds() < 1 || window.compareTo(LONGEST) > 0 || window.toMillis() % 1000 != 0) {
            throw new IllegalArgumentException("a rate's window is whole seconds from 1s to 31d, not " + window);
        }
    }

    /**
     * Reads {@code <requests>/<number><s|m|h|d>}.
     *
     * @throws IllegalArgumentException naming the form and an example
     */
    public static Rate parse(String text) {
        Matcher matcher = FORM.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a rate: write <requests>/<number><s|m|h|d>, for example 200/1m");
        }
        long number = Long.parseLong(matcher.group(2));
        Duration window = switch (matcher.group(3)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
        return new Rate(Long.parseLong(matcher.group(1)), window);
    }

    public long windowSeconds() {
        return window.toSeconds();
    }

    @Override
    public String toString() {
        return limit + "/" + windowSeconds() + "s";
    }
}
