package dev.sluice.routes;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;

/**
 * The routes in force as an operator may see them: each with its filters in the order in which a request meets them, and
 * without any argument that may be a secret. Shown are the arguments of Sluice's own filters, which are names and limits, and
 * of those of the gateway's whose arguments are paths, names, sizes and statuses; of a target its origin only.
 */
public final class RouteOverview {

    private static final String HIDDEN = "(hidden)";
    private static final String SHORTCUT_ARGUMENT = "_genkey_";
    private static final int FINGERPRINT_BYTES = 6;
    private static final Set<String> SHOWN_FILTERS = Set.of(
            "CircuitBreaker",
            "DedupeResponseHeader",
            "MapRequestHeader",
            "PrefixPath",
            "PreserveHostHeader",
            "RemoveRequestHeader",
            "RemoveRequestParameter",
            "RemoveResponseHeader",
            "RequestHeaderSize",
            "RequestSize",
            "Retry",
            "RewritePath",
            "SecureHeaders",
            "SetPath",
            "SetRequestHostHeader",
            "SetStatus",
            "StripPrefix");
    private static final Set<String> SHOWN_PREDICATES = Set.of(
            "After", "Before", "Between", "Host", "Method", "Path", "RemoteAddr", "Weight", "XForwardedRemoteAddr");

    /**
     * One route.
     *
     * @param uri the origin of its target
     * @param predicates such as {@code Method=POST}
     * @param filters such as {@code Quota=requests}, default filters included
     */
    public record Row(
            String id, boolean enabled, String uri, int order, List<String> predicates, List<String> filters) {}

    private final LiveRoutes live;
    private final RouteBuilder builder;

    RouteOverview(LiveRoutes live, RouteBuilder builder) {
        this.live = live;
        this.builder = builder;
    }

    /** Every route that is defined, as they are written. */
    public List<Row> routes() {
        return live.table().definitions().stream().map(this::row).toList();
    }

    /** The same on instances that have the same routes, as far as they are shown, and the same limits. */
    public String fingerprint() {
        String text = routes() + " " + live.table().limitsHash();
        byte[] hash = sha256().digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash, 0, FINGERPRINT_BYTES);
    }

    private Row row(RouteDefinition route) {
        return new Row(
                String.valueOf(route.getId()),
                route.isEnabled(),
                origin(route.getUri()),
                route.getOrder(),
                route.getPredicates().stream().map(RouteOverview::text).toList(),
                builder.inOrder(route).stream()
                        .map(filter -> text(
                                filter.getName(),
                                filter.getArgs(),
                                builder.isOurs(filter.getName()) || SHOWN_FILTERS.contains(filter.getName())))
                        .toList());
    }

    private static String text(PredicateDefinition predicate) {
        return text(predicate.getName(), predicate.getArgs(), SHOWN_PREDICATES.contains(predicate.getName()));
    }

    private static String text(@Nullable String name, Map<String, String> arguments, boolean shown) {
        if (arguments.isEmpty()) {
            return String.valueOf(name);
        }
        if (!shown) {
            return name + "=" + HIDDEN;
        }
        boolean shortcut = arguments.keySet().stream().allMatch(key -> key.startsWith(SHORTCUT_ARGUMENT));
        return shortcut
                ? name + "=" + String.join(",", arguments.values())
                : arguments.entrySet().stream()
                        .map(argument -> argument.getKey() + "=" + argument.getValue())
                        .collect(Collectors.joining(" ", name + " ", ""));
    }

    /** Neither a user's password nor what a path may tell. */
    private static String origin(@Nullable URI uri) {
        if (uri == null || uri.getHost() == null) {
            return uri == null ? "" : uri.getScheme() + "://" + HIDDEN;
        }
        return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }
}
