package dev.sluice.storage;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sluice in front of a project with the routes of {@code gateway-routes.supabase.yml}, and a plain client of its storage. One
 * for all tests of this package, each of which has users of its own; it ends with the test JVM.
 */
final class DropIn {

    static final String ORIGIN = "https://app.example.com";
    static final String BUCKET = "drop";

    /** {@code sluice.operations.upload.max-size}, in bytes. */
    static final long MAX_SIZE = 50 * 1024 * 1024;

    /** {@code sluice.upload.max-concurrent}, of one user. */
    static final int MAX_CONCURRENT = 2;

    /** {@code sluice.upload.max-bytes-in-flight}, of one user. */
    static final long MAX_IN_FLIGHT = 40 * 1024 * 1024;

    private static final DropIn SHARED = start();

    private final Stack stack;

    private DropIn(Stack stack) {
        this.stack = stack;
    }

    /** Believes the forwarded headers of 127.0.0.1, so that a test can be any client. */
    private static DropIn start() {
        Stack stack = Stack.start(
                "SLUICE_ROUTES",
                "gateway-routes.supabase.yml",
                "sluice.cors.allowed-origins",
                ORIGIN,
                "sluice.client-address.trusted-proxies",
                "127.0.0.1",
                "sluice.operations.upload.max-size",
                MAX_SIZE + "B",
                "sluice.upload.max-concurrent",
                Integer.toString(MAX_CONCURRENT),
                "sluice.upload.max-bytes-in-flight",
                MAX_IN_FLIGHT + "B",
                "sluice.upload.release-interval",
                "300ms",
                "sluice.plans.tiny.operations.upload.redis",
                "1/1m",
                "sluice.plans.tiny.operations.signed-url.memory",
                "1/1m");
        stack.supabase().createBucket(BUCKET);
        stack.supabase().allowOwnFolder(BUCKET);
        stack.supabase().createBucket("open", true, null);
        return new DropIn(stack);
    }

    static DropIn shared() {
        return SHARED;
    }

    Stack stack() {
        return stack;
    }

    /** A new user's id. */
    static String user() {
        return UUID.randomUUID().toString();
    }

    String token(String user) {
        return stack.supabase().accessToken(user, null);
    }

    /** How much the project was asked for clients; Sluice's own calls of the database do not count. */
    long asked() {
        return Stream.of("storage", "gateway", "auth", "realtime", "rest.table")
                .mapToLong(stack.supabase()::calls)
                .sum();
    }

    /** What the database has counted of a user's requests. */
    long charged(String user) {
        return stack.database().number("select coalesce(sum(current), 0) from user_quotas where user_id = ?", user);
    }

    /** What the database has counted of a user's bytes. */
    long chargedBytes(String user) {
        return stack.database()
                .number("select coalesce(sum(bytes_current), 0) from user_quotas where user_id = ?", user);
    }

    /** A request as supabase-js sends it: the bearer is the user's token, or the project key once more. */
    Answer call(String method, String path, @Nullable String bearer, @Nullable String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(stack.edge().url() + path))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (bearer != null) {
            request.header("Authorization", "Bearer " + bearer)
                    .header(
                            "apikey",
                            bearer.startsWith("sb_") ? bearer : stack.supabase().anonKey());
        }
        if (body != null && body.startsWith("{")) {
            request.header("Content-Type", "application/json");
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.setHeader(headers[i], headers[i + 1]);
        }
        return stack.send(request.build());
    }
}
