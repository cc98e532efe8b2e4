package dev.sluice.upload;

import dev.sluice.intent.ObjectPath;
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
        if (prefix == null) {
            return null;
        }
        String base = backend.getRawPath() == null ? "" : backend.getRawPath().replaceAll("/+$", "");
        String query = target.getRawQuery() == null ? "" : "?" + target.getRawQuery();
        return URI.create(
                target.getScheme() + "://" + target.getRawAuthority() + base + prefix + object.encoded() + query);
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
