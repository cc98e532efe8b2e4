package dev.sluice.upload;

import dev.sluice.intent.ObjectPath;
import java.net.URI;
import java.util.Set;

/**
 * Where storage-api would read a bucket's name as one of its own routes: {@code /object/upload/sign/x} signs an upload for
 * any bucket, whatever the bucket {@code upload} was granted for.
 */
final class StorageRoutes {

    private static final String OBJECTS = "/object/";
    private static final Set<String> NAMES =
            Set.of("sign", "upload", "list", "list-v2", "copy", "move", "public", "authenticated", "info");

    private StorageRoutes() {}

    /** Whether {@code target}, which names {@code object}, is another route of storage than the one of objects. */
    static boolean shadow(ObjectPath object, URI target) {
        return NAMES.contains(object.bucket()) && target.getRawPath().endsWith(OBJECTS + object.encoded());
    }
}
