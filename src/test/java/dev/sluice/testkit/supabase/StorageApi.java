package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.StorageInput.body;
import static dev.sluice.testkit.supabase.StorageInput.lifetime;
import static dev.sluice.testkit.supabase.StorageInput.strings;

import dev.sluice.testkit.supabase.Endpoint.Handler;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The routes of storage-api, without the gateway's prefix. Paths are split as sent and decoded afterwards, so that
 * {@code %2F} ends up as a slash inside a name, and nothing is normalised. Checks come in the server's order: body
 * syntax, body, query, headers, then the token.
 */
final class StorageApi {

    private static final String SCHEME = "bearer ";
    private static final Set<String> READS = Set.of("public", "authenticated", "info");
    private static final int MAX_PATHS = 1000;

    private final StorageJwt jwt;
    private final Buckets buckets;
    private final ObjectUploads uploads;
    private final ObjectDownloads downloads;
    private final ObjectCatalog catalog;
    private final ObjectMoves moves;
    private final ResumableRoutes resumable;
    private final boolean errorsHaveCode;

    StorageApi(
            StorageJwt jwt,
            Buckets buckets,
            ObjectUploads uploads,
            ObjectDownloads downloads,
            ObjectCatalog catalog,
            ObjectMoves moves,
            ResumableRoutes resumable,
            boolean errorsHaveCode) {
        this.jwt = jwt;
        this.buckets = buckets;
        this.uploads = uploads;
        this.downloads = downloads;
        this.catalog = catalog;
        this.moves = moves;
        this.resumable = resumable;
        this.errorsHaveCode = errorsHaveCode;
    }

    /** What answers this call; {@code path} begins with a slash, after the gateway's prefix. */
    Endpoint endpoint(Call call, String path) {
        String method = call.method();
        String route = method.equals("HEAD") ? "GET" : method;
        if (path.equals("/status") && route.equals("GET")) {
            return endpoint("storage.status", c -> Reply.empty(200));
        }
        if (path.equals("/bucket") || path.startsWith("/bucket/")) {
            return bucket(route, path);
        }
        if (path.equals(ResumableRoutes.PATH) || path.startsWith(ResumableRoutes.PATH + "/")) {
            String rest = path.substring(ResumableRoutes.PATH.length());
            Endpoint found = resumable.endpoint(call, rest, this::session);
            return found == null ? unknown(call) : endpoint(found.name(), found.handler());
        }
        if (route.equals("POST") && path.equals("/object/move")) {
            return endpoint("storage.move", c -> {
                ObjectMoves.Names names = ObjectMoves.Names.of(body(c));
                return moves.move(c, session(c), names);
            });
        }
        if (route.equals("POST") && path.equals("/object/copy")) {
            return endpoint("storage.copy", c -> {
                ObjectMoves.Names names = ObjectMoves.Names.of(body(c));
                return moves.copy(c, session(c), names);
            });
        }
        if (path.startsWith("/object/upload/sign/")) {
            return object(
                    path.substring("/object/upload/sign/".length()),
                    (bucket, name) -> switch (route) {
                        case "POST" ->
                            endpoint("storage.sign-upload", c -> {
                                body(c);
                                return uploads.sign(c, session(c), bucket, name);
                            });
                        case "PUT" -> endpoint("storage.upload", c -> uploads.uploadSigned(c, bucket, name));
                        default -> null;
                    },
                    call);
        }
        if (path.startsWith("/object/")) {
            return object(route, path.substring("/object/".length()), call);
        }
        return unknown(call);
    }

    private Endpoint bucket(String route, String path) {
        if (path.equals("/bucket")) {
            if (route.equals("POST")) {
                return endpoint("storage.bucket", c -> {
                    Map<String, Object> body = body(c);
                    return buckets.create(c, session(c), body);
                });
            }
            return endpoint("storage.bucket", c -> buckets.list(c, session(c)));
        }
        String id = path.substring("/bucket/".length());
        return endpoint("storage.bucket", c -> buckets.get(c, session(c), Call.decodeLeniently(id)));
    }

    private Endpoint object(String route, String rest, Call call) {
        int slash = rest.indexOf('/');
        String first = slash < 0 ? rest : rest.substring(0, slash);
        String after = slash < 0 ? "" : rest.substring(slash + 1);
        boolean one = after.indexOf('/') >= 0;
        if (slash > 0) {
            if (first.equals("sign") && one) {
                return object(after, (bucket, name) -> signed(route, bucket, name), call);
            }
            if (first.equals("sign") && route.equals("POST")) {
                return endpoint("storage.sign-download", c -> signAll(c, Call.decodeLeniently(after)));
            }
            if (first.equals("list") && route.equals("POST")) {
                return endpoint("storage.list", c -> {
                    Map<String, Object> body = body(c);
                    return catalog.list(c, session(c), Call.decodeLeniently(after), body);
                });
            }
            if (route.equals("GET") && one && READS.contains(first)) {
                return object(after, (bucket, name) -> read(first, bucket, name), call);
            }
            return object(rest, (bucket, name) -> direct(route, bucket, name), call);
        }
        if (route.equals("DELETE") && !first.isEmpty()) {
            return endpoint("storage.delete", c -> {
                List<String> names = strings(body(c), "prefixes", Integer.MAX_VALUE);
                return catalog.deleteAll(c, session(c), Call.decodeLeniently(first), names);
            });
        }
        return unknown(call);
    }

    private Endpoint read(String kind, String bucket, String name) {
        return switch (kind) {
            case "public" -> endpoint("storage.download", c -> downloads.readPublic(c, bucket, name));
            case "info" -> endpoint("storage.info", c -> downloads.info(c, session(c), bucket, name));
            default -> endpoint("storage.download", c -> downloads.read(c, session(c), bucket, name));
        };
    }

    private @Nullable Endpoint direct(String route, String bucket, String name) {
        return switch (route) {
            case "POST", "PUT" -> endpoint("storage.upload", c -> uploads.upload(c, session(c), bucket, name));
            case "GET" -> endpoint("storage.download", c -> downloads.read(c, session(c), bucket, name));
            case "DELETE" ->
                endpoint("storage.delete", c -> {
                    body(c);
                    return catalog.delete(c, session(c), bucket, name);
                });
            default -> null;
        };
    }

    private @Nullable Endpoint signed(String route, String bucket, String name) {
        return switch (route) {
            case "POST" ->
                endpoint("storage.sign-download", c -> {
                    Duration lifetime = lifetime(body(c));
                    return downloads.sign(c, session(c), bucket, name, lifetime);
                });
            case "GET" -> endpoint("storage.download", c -> downloads.readSigned(c, bucket, name));
            default -> null;
        };
    }

    private Reply signAll(Call call, String bucket) throws IOException, SQLException {
        Map<String, Object> body = body(call);
        Duration lifetime = lifetime(body);
        List<String> names = strings(body, "paths", MAX_PATHS);
        return downloads.signAll(call, session(call), bucket, names, lifetime);
    }

    @FunctionalInterface
    private interface ObjectRoute {
        @Nullable Endpoint of(String bucket, String name);
    }

    private Endpoint object(String rawBucketAndName, ObjectRoute route, Call call) {
        int slash = rawBucketAndName.indexOf('/');
        if (slash <= 0 || slash == rawBucketAndName.length() - 1) {
            return unknown(call);
        }
        try {
            String bucket = Call.decodePath(rawBucketAndName.substring(0, slash));
            String name = Call.decodePath(rawBucketAndName.substring(slash + 1));
            return Objects.requireNonNullElseGet(route.of(bucket, name), () -> unknown(call));
        } catch (IllegalArgumentException brokenEscape) {
            return endpoint(
                    "storage.unknown",
                    c -> Reply.json(
                            400,
                            Json.object(
                                    "error",
                                    "Bad Request",
                                    "code",
                                    "FST_ERR_BAD_URL",
                                    "message",
                                    "'" + c.rawPath() + "' is not a valid url component",
                                    "statusCode",
                                    400)));
        }
    }

    private static Endpoint unknown(Call call) {
        String path = call.rawPath().replaceFirst("^" + LocalGateway.STORAGE, "");
        return new Endpoint(
                "storage.unknown",
                c -> Reply.json(
                        404,
                        Json.object(
                                "message",
                                "Route " + c.method() + ":" + path + " not found",
                                "error",
                                "Not Found",
                                "statusCode",
                                404)));
    }

    private Endpoint endpoint(String name, Handler handler) {
        String duplicate = name.equals("storage.bucket") ? "BucketAlreadyExists" : "KeyAlreadyExists";
        return new Endpoint(name, call -> {
            try {
                return handler.handle(call);
            } catch (StorageProblem e) {
                return e.reply(errorsHaveCode);
            } catch (SQLException e) {
                return StorageProblem.of(e, duplicate).reply(errorsHaveCode);
            }
        });
    }

    private Session session(Call call) {
        String authorization = call.header(HttpHeaderNames.AUTHORIZATION);
        if (authorization == null) {
            throw StorageProblem.invalid("headers must have required property 'authorization'");
        }
        boolean prefixed = authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
        try {
            return Session.of(jwt.verify(prefixed ? authorization.substring(SCHEME.length()) : authorization));
        } catch (JwtRefused e) {
            throw StorageProblem.accessDenied(String.valueOf(e.getMessage()));
        }
    }
}
