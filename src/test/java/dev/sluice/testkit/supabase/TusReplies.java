package dev.sluice.testkit.supabase;

/** The answers of storage-api's tus server, which sets headers for browsers itself. */
final class TusReplies {

    private static final String HEADERS = "Authorization, Content-Type, Location, Tus-Extension, Tus-Max-Size, "
            + "Tus-Resumable, Tus-Version, Upload-Concat, Upload-Defer-Length, Upload-Length, Upload-Metadata, "
            + "Upload-Offset, X-HTTP-Method-Override, X-Requested-With, X-Forwarded-Host, X-Forwarded-Proto, Forwarded,";

    private TusReplies() {}

    static Reply text(int status, String text) {
        return marked(Reply.text(status, "text/plain;charset=UTF-8", text));
    }

    static Reply empty(int status) {
        return marked(Reply.empty(status));
    }

    /** The answer to {@code OPTIONS}; {@code maxBytes} is the server's limit, a bucket's may be lower. */
    static Reply capabilities(long maxBytes) {
        return empty(204)
                .with(
                        "access-control-allow-headers",
                        HEADERS + " Authorization, X-Upsert, Upload-Expires, ApiKey, x-signature")
                .with("access-control-allow-methods", "POST, HEAD, PATCH, OPTIONS, DELETE")
                .with("access-control-max-age", "86400")
                .with("tus-extension", "creation,creation-with-upload,creation-defer-length,termination,expiration")
                .with("tus-max-size", Long.toString(maxBytes))
                .with("tus-version", "1.0.0");
    }

    private static Reply marked(Reply reply) {
        return reply.with("tus-resumable", "1.0.0")
                .with("access-control-allow-origin", "*")
                .with("access-control-expose-headers", HEADERS);
    }
}
