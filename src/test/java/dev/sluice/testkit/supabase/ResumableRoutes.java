package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The routes of resumable uploads: {@code /upload/resumable} by bearer, {@code /upload/resumable/sign} by token. A bearer
 * that fails is refused like everywhere in storage-api; what the tus server refuses is plain text with the real status.
 */
final class ResumableRoutes {

    static final String PATH = "/upload/resumable";
    private static final String SIGNED = "/sign";

    private final ResumableUploads uploads;
    private final long maxBytes;
    private final @Nullable String publicUrl;

    /** @param publicUrl where clients are sent, without a slash at the end; null = where the request says it came to */
    ResumableRoutes(ResumableUploads uploads, long maxBytes, @Nullable String publicUrl) {
        this.uploads = uploads;
        this.maxBytes = maxBytes;
        this.publicUrl = publicUrl;
    }

    @FunctionalInterface
    private interface Action {
        Reply on(@Nullable Session session) throws SQLException, IOException;
    }

    /**
     * What answers this call, or null for a method that is unknown here.
     *
     * @param rest the path behind {@link #PATH}
     * @param sessions establishes the bearer's session, or refuses
     */
    @Nullable Endpoint endpoint(Call call, String rest, Function<Call, Session> sessions) {
        boolean isSigned = rest.equals(SIGNED) || rest.startsWith(SIGNED + "/");
        String id = rest.substring(rest.lastIndexOf('/') + 1);
        String override = call.header("x-http-method-override");
        String method = override == null ? call.method() : override.toUpperCase(Locale.ROOT);
        Function<Call, @Nullable Session> who = isSigned ? c -> null : sessions;
        return switch (method) {
            case "OPTIONS" -> new Endpoint("storage.tus.options", c -> TusReplies.capabilities(maxBytes));
            case "POST" -> endpoint("create", who, c -> session -> uploads.create(c, session, location(c, isSigned)));
            case "PATCH" -> endpoint("patch", who, c -> session -> uploads.append(c, session, id));
            case "HEAD" -> endpoint("head", who, c -> session -> uploads.state(c, session, id));
            case "DELETE" -> endpoint("delete", who, c -> session -> uploads.terminate(c, session, id));
            default -> null;
        };
    }

    private static Endpoint endpoint(
            String name, Function<Call, @Nullable Session> who, Function<Call, Action> action) {
        return new Endpoint("storage.tus." + name, call -> {
            Session session = who.apply(call);
            try {
                checkVersion(call);
                return action.apply(call).on(session);
            } catch (TusRefusal e) {
                return TusReplies.text(e.status(), String.valueOf(e.getMessage()));
            } catch (StorageProblem e) {
                return TusReplies.text(e.status(), String.valueOf(e.getMessage()));
            } catch (SQLException e) {
                StorageProblem problem = StorageProblem.of(e, "KeyAlreadyExists");
                return TusReplies.text(problem.status(), String.valueOf(problem.getMessage()));
            }
        });
    }

    private static void checkVersion(Call call) {
        String version = call.header("tus-resumable");
        if (version == null) {
            throw TusRefusal.of(412, "Tus-Resumable Required\n");
        }
        if (!version.equals("1.0.0")) {
            throw TusRefusal.invalid("tus-resumable");
        }
    }

    private String location(Call call, boolean isSigned) {
        String base = publicUrl == null ? origin(call) : publicUrl;
        return base + LocalGateway.STORAGE + PATH + (isSigned ? SIGNED : "");
    }

    private static String origin(Call call) {
        String proto = "https".equals(call.header("x-forwarded-proto")) ? "https" : "http";
        String forwarded = call.header("x-forwarded-host");
        if (forwarded == null) {
            return proto + "://" + call.header(HttpHeaderNames.HOST);
        }
        String port = call.header("x-forwarded-port");
        boolean isNamed = port != null && !port.equals("80") && !port.equals("443");
        return proto + "://" + (isNamed ? forwarded.replaceFirst(":\\d+$", "") + ":" + port : forwarded);
    }
}
