package dev.sluice.bench;

/**
 * What is asked of a program, again and again.
 *
 * @param method of HTTP
 * @param path in which, as in the body, {@code @} stands for the user's number
 * @param keys who asks
 * @param body sent with it
 * @param refused whether every answer is a refusal, but for each user's first; else none may be
 */
record Load(String method, String path, Keys keys, String body, boolean refused) {

    /** A URL for an upload. */
    static final Load SIGN = new Load(
            "POST",
            "/v1/supabase/signed-url",
            Keys.ADMITTED,
            "{\"filename\":\"photos/2026/@.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\",\"fileSize\":12345}",
            false);

    /** The same, of users whom the memory guard refuses. */
    static final Load REFUSED = new Load(SIGN.method, SIGN.path, Keys.REFUSED, SIGN.body, true);

    /** An upload of 128 bytes through the edge. */
    static final Load UPLOAD =
            new Load("PUT", "/v1/upload/avatars/photos/2026/@.png", Keys.ADMITTED, "0123456789abcdef".repeat(8), false);

    /** What the gateway makes of {@link #UPLOAD}, sent to the stand-in itself. */
    static final Load STORE =
            new Load("PUT", "/storage/v1/object/avatars/photos/2026/@.png", UPLOAD.keys, UPLOAD.body, false);

    /** The same, asked by others. */
    Load by(Keys others) {
        return new Load(method, path, others, body, refused);
    }
}
