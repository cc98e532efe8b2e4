package dev.sluice.upload;

import dev.sluice.intent.ObjectPath;
import dev.sluice.intent.Resumable;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** The last check of where a request is about to go, after every filter that could have rewritten its path. */
final class Target {

    private Target() {}

    /**
     * The target with the decided object in its canonical spelling; null if it names anything else.
     *
     * @param target what the gateway is about to call
     * @param backend the route's address; the gateway drops a path in it, which is put back here
     */
    static @Nullable URI of(ObjectPath object, URI target, URI backend) {
        String prefix = object.prefixIn(target.getRawPath());
        return prefix == null ? null : at(prefix + object.encoded(), target, backend);
    }

    /** As {@link #of}, for a request that does not name its object in its path: it must go where it was asked for. */
    static @Nullable URI of(Resumable resumable, URI target, URI backend) {
        String path = resumable.path();
        return path.equals(target.getRawPath()) ? at(path, target, backend) : null;
    }

    private static URI at(String path, URI target, URI backend) {
        String base = withoutSlashesAtTheEnd(backend.getRawPath());
        if (base.isEmpty() && path.equals(target.getRawPath()) && target.getRawFragment() == null) {
            return target;
        }
        String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
        return URI.create(target.getScheme() + "://" + target.getRawAuthority() + base + path + query);
    }

    private static String withoutSlashesAtTheEnd(@Nullable String path) {
        int end = path == null ? 0 : path.length();
        while (path != null && end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path == null ? "" : path.substring(0, end);
    }

    /** Whether both have the same scheme, host and port (RFC 6454, 4). */
    static boolean isSameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost() != null
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }
}
