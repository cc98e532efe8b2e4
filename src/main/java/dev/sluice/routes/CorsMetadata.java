package dev.sluice.routes;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.springframework.cloud.gateway.route.RouteDefinition;

/**
 * A route's metadata {@code cors}. The gateway casts it without a look when the routes are in force already, and leaves all
 * routes with the CORS of before if that fails; a name that it does not know it passes over.
 */
final class CorsMetadata {

    private static final Set<String> LISTS =
            Set.of("allowedHeaders", "allowedMethods", "allowedOriginPatterns", "allowedOrigins", "exposedHeaders");

    private CorsMetadata() {}

    /** @throws RouteConfigurationException naming the route and what the gateway could not read */
    static void check(RouteDefinition route) {
        Object cors = route.getMetadata().get("cors");
        if (cors instanceof Map<?, ?> settings) {
            settings.forEach((name, value) -> {
                if (!isRead(String.valueOf(name), value)) {
                    throw wrong(route, "cors." + name);
                }
            });
        } else if (cors != null) {
            throw wrong(route, "cors");
        }
    }

    private static boolean isRead(String name, Object value) {
        return switch (name) {
            case "allowCredentials" -> value instanceof Boolean;
            case "maxAge" -> value instanceof Integer || value instanceof Long;
            default -> LISTS.contains(name) && (value instanceof String || isOfStrings(value));
        };
    }

    /** The items of a list are bound to a map by their index. */
    private static boolean isOfStrings(Object value) {
        Object items = value instanceof Map<?, ?> indexed ? indexed.values() : value;
        return items instanceof Collection<?> all && all.stream().allMatch(String.class::isInstance);
    }

    private static RouteConfigurationException wrong(RouteDefinition route, String name) {
        return new RouteConfigurationException(
                "Route '" + route.getId() + "': the gateway cannot read its metadata " + name + ".",
                "It reads maxAge (seconds, a number), allowCredentials (true or false) and allowedOrigins,"
                        + " allowedOriginPatterns, allowedMethods, allowedHeaders, exposedHeaders (lists), spelt like this;"
                        + " sluice.cors.* is for all routes.",
                null);
    }
}
