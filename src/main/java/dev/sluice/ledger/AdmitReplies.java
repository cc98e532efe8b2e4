package dev.sluice.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Reads the replies of {@code admit.lua}. */
final class AdmitReplies {

    private AdmitReplies() {}

    private static final int VALUES_PER_WINDOW = 2;
    private static final int VALUES_PER_SHADOW = 4;

    static AdmitReply read(List<Object> reply, List<RateCheck> windows, int buckets) {
        String kind = text(reply, 0);
        return switch (kind) {
            case "admitted" ->
                new AdmitReply.Admitted(
                        text(reply, 1),
                        instant(text(reply, 2)),
                        rates(reply, 3 + buckets, windows, true),
                        verdicts(reply, 3, buckets),
                        shadows(reply, 3 + buckets + VALUES_PER_WINDOW * windows.size()));
            case "load" ->
                new AdmitReply.Load(text(reply, 1), text(reply, 2), number(reply, 3) == 1, indexes(reply, 4));
            case "rate" -> new AdmitReply.RateExceeded((int) number(reply, 1), rates(reply, 2, windows, false));
            case "flight" ->
                new AdmitReply.FlightFull(text(reply, 1), number(reply, 2), rates(reply, 3, windows, false));
            case "quota" ->
                new AdmitReply.QuotaExceeded(
                        text(reply, 1),
                        number(reply, 2),
                        number(reply, 3),
                        reset(text(reply, 4), number(reply, 5)),
                        rates(reply, 6, windows, false));
            case "bucket" -> new AdmitReply.BucketDenied((int) number(reply, 1), rates(reply, 2, windows, false));
            default -> throw new IllegalStateException("admit.lua answered " + kind);
        };
    }

    /** The script counts this request in each window, also where it was not admitted. */
    private static List<RateState> rates(List<Object> reply, int from, List<RateCheck> windows, boolean admitted) {
        List<RateState> states = new ArrayList<>(windows.size());
        int at = from;
        for (RateCheck window : windows) {
            long current = number(reply, at) - (admitted ? 0 : window.cost());
            states.add(new RateState(current, window.rate().limit(), number(reply, at + 1)));
            at += VALUES_PER_WINDOW;
        }
        return states;
    }

    private static List<Integer> indexes(List<Object> reply, int from) {
        return IntStream.range(from, reply.size())
                .mapToObj(i -> (int) number(reply, i))
                .toList();
    }

    private static List<Boolean> verdicts(List<Object> reply, int from, int buckets) {
        if (buckets == 1) {
            return List.of(number(reply, from) == 1);
        }
        return IntStream.range(from, from + buckets)
                .mapToObj(i -> number(reply, i) == 1)
                .toList();
    }

    private static List<ShadowVerdict> shadows(List<Object> reply, int from) {
        if (from == reply.size()) {
            return List.of();
        }
        return IntStream.range(0, (reply.size() - from) / VALUES_PER_SHADOW)
                .mapToObj(i -> shadow(reply, from + i * VALUES_PER_SHADOW))
                .toList();
    }

    private static ShadowVerdict shadow(List<Object> reply, int at) {
        String kind = text(reply, at);
        return switch (kind) {
            case "pass" -> new ShadowVerdict.Passes();
            case "exceeded" ->
                new ShadowVerdict.Exceeded(
                        number(reply, at + 1),
                        number(reply, at + 2),
                        text(reply, at + 3).isEmpty() ? null : (Long) number(reply, at + 3));
            case "denied" -> new ShadowVerdict.Denied((int) number(reply, at + 1));
            case "unknown" ->
                new ShadowVerdict.Unknown(
                        text(reply, at + 1),
                        text(reply, at + 2),
                        Arrays.stream(text(reply, at + 3).split(",", -1))
                                .filter(index -> !index.isEmpty())
                                .map(Integer::valueOf)
                                .toList());
            default -> new ShadowVerdict.Failed();
        };
    }

    private static @Nullable Long reset(String periodEndsAt, long now) {
        return periodEndsAt.isEmpty() ? null : Math.max(0, Long.parseLong(periodEndsAt) - now);
    }

    private static @Nullable Instant instant(String epochMillis) {
        return epochMillis.isEmpty() ? null : Instant.ofEpochMilli(Long.parseLong(epochMillis));
    }

    private static String text(List<Object> reply, int index) {
        return String.valueOf(reply.get(index));
    }

    private static long number(List<Object> reply, int index) {
        Object value = reply.get(index);
        return value instanceof Long number ? number : Long.parseLong(String.valueOf(value));
    }
}
