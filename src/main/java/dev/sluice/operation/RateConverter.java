package dev.sluice.operation;

import org.springframework.core.convert.converter.Converter;

/** Reads a {@link Rate} from a property such as {@code 200/1m}. */
final class RateConverter implements Converter<String, Rate> {

    @Override
    public Rate convert(String text) {
        return Rate.parse(text);
    }
}
