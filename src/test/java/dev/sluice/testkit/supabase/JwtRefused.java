package dev.sluice.testkit.supabase;

/** A token that does not verify; the message is the text of the library that the real server uses. */
final class JwtRefused extends Exception {

    private static final long serialVersionUID = 1L;

    JwtRefused(String message) {
        super(message, null, false, false);
    }
}
