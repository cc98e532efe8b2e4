package dev.sluice.bench;

import java.util.Collection;
import java.util.Locale;

/** A figure of several rounds: its median, and the least and the most of it. */
record Spread(double median, double least, double most) {

    static Spread of(Collection<Double> values) {
        double[] ascending =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        if (ascending.length == 0) {
            throw new IllegalArgumentException("No round was measured");
        }
        int middle = ascending.length / 2;
        double median = ascending.length % 2 == 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
        return new Spread(median, ascending[0], ascending[ascending.length - 1]);
    }

    /** Such as {@code 132 (120-141)}. */
    String text(int decimals) {
        String number = "%." + decimals + "f";
        return String.format(Locale.ROOT, number + " (" + number + "-" + number + ")", median, least, most);
    }
}
