package dev.sluice.routes;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/** What may stand below a name of the configuration. */
interface SettingShape {

    SettingShape ANYTHING = (property, at) -> null;

    SettingShape VALUE =
            (property, at) -> at < property.getNumberOfElements() ? new Slip(at, "It takes a plain value.") : null;

    /** Null if a property's elements from {@code at} on are known. */
    @Nullable Slip slip(ConfigurationPropertyName property, int at);

    /** @param at the element of a property's name that is not known */
    record Slip(int at, String hint) {}

    /** A list, or one value that is read as one. */
    static SettingShape items(SettingShape item) {
        return (property, at) -> {
            if (at >= property.getNumberOfElements()) {
                return null;
            }
            return property.isNumericIndex(at)
                    ? item.slip(property, at + 1)
                    : new Slip(at, "It takes a list: begin each item with a dash.");
        };
    }

    /** Anything by any name. */
    static SettingShape named(SettingShape each) {
        return (property, at) -> at < property.getNumberOfElements() ? each.slip(property, at + 1) : null;
    }

    /** These and no others. */
    static SettingShape settings(Map<String, SettingShape> known) {
        Map<String, SettingShape> sorted = new TreeMap<>(known);
        return (property, at) -> {
            if (at >= property.getNumberOfElements()) {
                return null;
            }
            String written = property.getElement(at, Form.UNIFORM);
            for (Map.Entry<String, SettingShape> setting : sorted.entrySet()) {
                if (uniform(setting.getKey()).equals(written)) {
                    return setting.getValue().slip(property, at + 1);
                }
            }
            return new Slip(at, hint(written, sorted));
        };
    }

    private static String hint(String written, Map<String, SettingShape> known) {
        String list = "Known here: " + String.join(", ", known.keySet()) + ".";
        return known.keySet().stream()
                .filter(name -> distance(written, uniform(name)) <= Math.max(1, name.length() / 3))
                .min(Comparator.comparingInt(name -> distance(written, uniform(name))))
                .map(nearest -> "Did you mean '" + nearest + "'? " + list)
                .orElse(list);
    }

    private static String uniform(String dashed) {
        return dashed.replace("-", "");
    }

    /** How many letters must be put in, taken out or changed (Levenshtein). */
    private static int distance(String one, String other) {
        int[] above = IntStream.rangeClosed(0, other.length()).toArray();
        for (int i = 1; i <= one.length(); i++) {
            int[] row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int changed = one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(row[j - 1], above[j]) + 1, above[j - 1] + changed);
            }
            above = row;
        }
        return above[other.length()];
    }
}
