package dev.sluice.routes;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;

/**
 * Which guards a route must have, and in which order. A route that signs or proxies with our credentials needs
 * {@code Authenticate}, {@code UploadIntent} and {@code BucketAccess} before it, unless its metadata
 * {@code sluice.unchecked: true} says that it is meant. A filter in shadow mode guards nothing, so it is none of them.
 */
final class GuardRules {

    static final String UNCHECKED = "sluice.unchecked";

    private static final Map<String, Set<String>> NEEDED_BEFORE = Map.of(
            "Quota", Set.of("Authenticate"),
            "Usage", Set.of("Authenticate"),
            "BucketAccess", Set.of("Authenticate", "UploadIntent"),
            "SupabaseSignedUrl", Set.of("UploadIntent"));
    private static final String STORAGE = "/storage/v1/";
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
    private static final List<String> CREDENTIALED = List.of("Authenticate", "UploadIntent", "BucketAccess");

    private final String signer;
    private final String source;
    private final URI supabase;

    /**
     * @param signer the configured signer, such as {@code server}
     * @param source who judges bucket access unless a filter says otherwise, such as {@code grants}
     * @param supabase the only origin where row-level security judges
     */
    GuardRules(String signer, String source, URI supabase) {
        this.signer = signer;
        this.source = source;
        this.supabase = supabase;
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
            if ("BucketAccess".equals(name) && holds(filter) && before.contains(name)) {
                throw new RouteConfigurationException(
                        "Route '" + route.getId() + "' has two BucketAccess filters, and a request names one bucket.",
                        "Keep the one with the access that the route needs; others may stand beside it in mode: shadow.",
                        null);
            }
            if ("Quota".equals(name) && has(filter, "bytes") && !before.contains("UploadIntent")) {
                throw missing(route, "Quota=bytes", "UploadIntent");
            }
            if ("UploadIntent".equals(name) && has(filter, "batch") && !signsUploads(filters)) {
                throw new RouteConfigurationException(
                        "Route '" + route.getId() + "' reads a batch, which only SupabaseSignedUrl=upload can answer.",
                        "Use UploadIntent=body or UploadIntent=path on this route.",
                        null);
            }
            if ("SupabaseSignedUrl".equals(name)) {
                checkCredentialed(route, "signs URLs", before);
                checkAccess(route, filters, has(filter, "upload"));
                checkBytes(route, filters);
                checkSource(route, filters, "server".equals(signer), "the signer is not 'server'");
            }
            if ("Authenticate".equals(name)) {
                checkAccepted(route, filter);
            }
            if (holds(filter)) {
                before.add(name);
            }
        }
        checkStorage(route, before);
        if (proxies(route) && before.contains("UploadIntent")) {
            checkCredentialed(route, "proxies uploads", before);
            checkAccess(route, filters, writes(route) && !signsDownloads(route));
            checkSource(route, filters, isSupabase(route.getUri()), "its backend is not Supabase");
        }
    }

    private static boolean signsUploads(List<FilterDefinition> filters) {
        return filters.stream()
                .anyMatch(filter -> "SupabaseSignedUrl".equals(filter.getName()) && has(filter, "upload"));
    }

    /**
     * Keys of the project and tokens of signed URLs are verified by the project alone: a route that lets them pass must end
     * there, whatever its metadata says.
     */
    private void checkAccepted(RouteDefinition route, FilterDefinition authenticate) {
        boolean users = authenticate.getArgs().values().stream().allMatch("users"::equalsIgnoreCase);
        if (!users && !isSupabase(route.getUri())) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "' lets the keys of the Supabase project pass (Authenticate="
                            + String.join(",", authenticate.getArgs().values())
                            + "), but does not go to sluice.supabase.url, where they are verified.",
                    "Use plain Authenticate on this route, or the uri ${sluice.supabase.url}.",
                    null);
        }
    }

    /** Whoever may write to storage past the guards need not mind them anywhere. */
    private void checkStorage(RouteDefinition route, List<String> before) {
        boolean unguarded = !before.contains("Authenticate") && !isUnchecked(route.getMetadata());
        if (unguarded && isSupabase(route.getUri()) && writes(route) && reachesStorage(route)) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "' passes writes to Supabase Storage on (" + STORAGE
                            + ") without an Authenticate filter: they would go past every limit.",
                    "Add '- Authenticate=supabase' to the route's filters, narrow its Path or Method predicate, or say that"
                            + " it is meant with the route's metadata '" + UNCHECKED + ": true'.",
                    null);
        }
    }

    /** Whether a path of storage can match; a route without a Path predicate lets all pass. */
    private static boolean reachesStorage(RouteDefinition route) {
        return paths(route).findAny().isEmpty()
                || paths(route)
                        .map(pattern -> pattern.split("[{*?]", 2)[0])
                        .anyMatch(prefix -> STORAGE.startsWith(prefix) || prefix.startsWith(STORAGE));
    }

    /** A route that writes must ask for the right to write. */
    private static void checkAccess(RouteDefinition route, List<FilterDefinition> filters, boolean writes) {
        boolean readOnly = filters.stream()
                .anyMatch(filter -> "BucketAccess".equals(filter.getName()) && holds(filter) && has(filter, "read"));
        if (writes && readOnly && !isUnchecked(route.getMetadata())) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "' writes, but asks only for BucketAccess=read.",
                    "Use BucketAccess=write, or say that it is meant with the route's metadata '" + UNCHECKED
                            + ": true'.",
                    null);
        }
    }

    /** Row-level security judges a caller's token only where storage is asked with that token. */
    private void checkSource(
            RouteDefinition route, List<FilterDefinition> filters, boolean judgedThere, String because) {
        boolean byCaller = filters.stream()
                .filter(filter -> "BucketAccess".equals(filter.getName()) && holds(filter))
                .anyMatch(filter -> "caller".equalsIgnoreCase(filter.getArgs().getOrDefault("source", source)));
        if (byCaller && !judgedThere && !isUnchecked(route.getMetadata())) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId()
                            + "' leaves bucket access to row-level security (source: caller), which is"
                            + " not asked here: " + because + ". Whoever has a token could use any bucket.",
                    "Use source: grants on this route.",
                    null);
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
                                + " filter before that (one in shadow mode guards nothing): anybody could use any bucket"
                                + " through it.",
                        "Add '- " + needed + "' to the route's filters, or say that it is meant with the route's"
                                + " metadata '" + UNCHECKED + ": true'.",
                        null);
            }
        }
    }

    private void checkBytes(RouteDefinition route, List<FilterDefinition> filters) {
        boolean bytes = filters.stream().anyMatch(filter -> "Quota".equals(filter.getName()) && has(filter, "bytes"));
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

    /** Whatever could be read as another mode than {@code enforce} is taken for one that guards nothing. */
    private static boolean holds(FilterDefinition filter) {
        return filter.getArgs().entrySet().stream()
                .filter(argument -> "mode".equals(RouteBuilder.canonical(argument.getKey())))
                .allMatch(argument -> "enforce".equalsIgnoreCase(argument.getValue()));
    }

    private static boolean has(FilterDefinition filter, String argument) {
        return filter.getArgs().values().stream().anyMatch(argument::equalsIgnoreCase);
    }

    /** Whether the route's predicates let a method pass that writes; one without a Method predicate lets all pass. */
    private static boolean writes(RouteDefinition route) {
        List<PredicateDefinition> methods = route.getPredicates().stream()
                .filter(predicate -> "Method".equals(predicate.getName()))
                .toList();
        return methods.isEmpty()
                || methods.stream()
                        .flatMap(predicate -> predicate.getArgs().values().stream())
                        .anyMatch(method -> !READING.contains(method.toUpperCase(Locale.ROOT)));
    }

    /** Asking storage to sign a download is a POST that reads. */
    private static boolean signsDownloads(RouteDefinition route) {
        return paths(route).findAny().isPresent()
                && paths(route).allMatch(pattern -> pattern.startsWith(STORAGE + "object/sign/"));
    }

    private static Stream<String> paths(RouteDefinition route) {
        return route.getPredicates().stream()
                .filter(predicate -> "Path".equals(predicate.getName()))
                .flatMap(predicate -> predicate.getArgs().values().stream());
    }

    private boolean isSupabase(@Nullable URI uri) {
        return uri != null
                && supabase.getScheme() != null
                && supabase.getScheme().equalsIgnoreCase(uri.getScheme())
                && supabase.getAuthority() != null
                && supabase.getAuthority().equalsIgnoreCase(uri.getAuthority());
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
