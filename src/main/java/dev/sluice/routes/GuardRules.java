package dev.sluice.routes;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;

/**
 * Which guards a route must have, and in which order. A route that signs or proxies with our credentials needs
 * {@code Authenticate}, {@code UploadIntent} and {@code BucketAccess} before it, unless its metadata
 * {@code sluice.unchecked: true} says that it is meant.
 */
final class GuardRules {

    static final String UNCHECKED = "sluice.unchecked";

    private static final Map<String, Set<String>> NEEDED_BEFORE = Map.of(
            "Quota", Set.of("Authenticate"),
            "BucketAccess", Set.of("Authenticate", "UploadIntent"),
            "SupabaseSignedUrl", Set.of("UploadIntent"));
    private static final List<String> CREDENTIALED = List.of("Authenticate", "UploadIntent", "BucketAccess");

    private final String signer;

    /** @param signer the configured signer, such as {@code server} */
    GuardRules(String signer) {
        this.signer = signer;
    }

    /** @param filters the route's filters and the default ones, in the order in which they run */
    void check(RouteDefinition route, List<FilterDefinition> filters) {
        List<String> before = new ArrayList<>();
        for (FilterDefinition filter : filters) {
            String name = String.valueOf(filter.getName());
            for (String needed : NEEDED_BEFORE.getOrDefault(name, Set.of())) {
                if (!before.contains(needed)) {
                    throw missing(route, name, needed);
                }
            }
            if ("SupabaseSignedUrl".equals(name)) {
                checkCredentialed(route, "signs URLs", before);
                checkBytes(route, filters);
            }
            before.add(name);
        }
        if (proxies(route) && filters.stream().anyMatch(GuardRules::isPathIntent)) {
            checkCredentialed(route, "proxies uploads", before);
        }
    }

    private static void checkCredentialed(RouteDefinition route, String does, List<String> before) {
        if (isUnchecked(route.getMetadata())) {
            return;
        }
        for (String needed : CREDENTIALED) {
            if (!before.contains(needed)) {
                throw new RouteConfigurationException(
                        "Route '" + route.getId() + "' " + does + " with Sluice's credentials, but has no " + needed
                                + " filter before that: anybody could use any bucket through it.",
                        "Add '- " + needed + "' to the route's filters, or say that it is meant with the route's"
                                + " metadata '" + UNCHECKED + ": true'.",
                        null);
            }
        }
    }

    private void checkBytes(RouteDefinition route, List<FilterDefinition> filters) {
        boolean bytes = filters.stream()
                .anyMatch(filter -> "Quota".equals(filter.getName())
                        && filter.getArgs().values().stream().anyMatch("bytes"::equalsIgnoreCase));
        if (bytes && !"s3".equals(signer)) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId()
                            + "': Quota=bytes on a route that signs URLs needs signer s3, because with" + " signer "
                            + signer + " the declared size binds nobody.",
                    "Use Quota=requests on this route, or set sluice.signed-url.signer to s3.",
                    null);
        }
    }

    private static RouteConfigurationException missing(RouteDefinition route, String filter, String needed) {
        return new RouteConfigurationException(
                "Route '" + route.getId() + "': the filter " + filter + " needs " + needed + " before it.",
                "Put '- " + needed + "' above '- " + filter + "' in the route's filters.",
                null);
    }

    private static boolean isPathIntent(FilterDefinition filter) {
        return "UploadIntent".equals(filter.getName())
                && filter.getArgs().values().stream().anyMatch("path"::equalsIgnoreCase);
    }

    private static boolean proxies(RouteDefinition route) {
        URI uri = route.getUri();
        return uri != null && !"no".equals(uri.getScheme()) && !"forward".equals(uri.getScheme());
    }

    /** Both {@code sluice.unchecked: true} and {@code sluice: {unchecked: true}} bind to a nested map. */
    private static boolean isUnchecked(Map<String, Object> metadata) {
        Object flat = metadata.get(UNCHECKED);
        Object nested = metadata.get("sluice") instanceof Map<?, ?> sluice ? sluice.get("unchecked") : null;
        return isTrue(flat) || isTrue(nested);
    }

    private static boolean isTrue(@Nullable Object value) {
        return value != null && Boolean.parseBoolean(value.toString());
    }
}
