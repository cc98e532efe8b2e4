package dev.sluice.exchange;

import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** A typed attribute of an exchange: declared once, as a constant, by the package that sets it. */
public final class Attribute<T> {

    private final String name;
    private final Class<T> type;

    private Attribute(String name, Class<T> type) {
        this.name = name;
        this.type = type;
    }

    public static <T> Attribute<T> of(Class<T> type) {
        return new Attribute<>(type.getName(), type);
    }

    public @Nullable T get(ServerWebExchange exchange) {
        return type.cast(exchange.getAttributes().get(name));
    }

    /** The value; a missing one is a route that lacks the filter which sets it, so a programming or configuration error. */
    public T require(ServerWebExchange exchange) {
        T value = get(exchange);
        if (value == null) {
            throw new IllegalStateException("No " + type.getSimpleName() + " on this exchange: a filter is missing");
        }
        return value;
    }

    public void set(ServerWebExchange exchange, T value) {
        exchange.getAttributes().put(name, value);
    }
}
