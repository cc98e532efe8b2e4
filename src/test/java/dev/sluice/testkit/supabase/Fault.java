package dev.sluice.testkit.supabase;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong with a request.
 *
 * @param delay waited before anything else
 * @param instead this answer is given and the work left undone
 * @param performed whether the work is done where there is no {@code instead}
 * @param ending what becomes of the answer
 */
record Fault(Duration delay, @Nullable Reply instead, boolean performed, Ending ending) {

    /** What becomes of the answer: sent, lost with a closed connection, or never sent while the connection stays. */
    enum Ending {
        ANSWER,
        CLOSE,
        SILENCE
    }

    static final Fault NONE = new Fault(Duration.ZERO, null, true, Ending.ANSWER);

    static Fault delay(Duration delay) {
        return new Fault(delay, null, true, Ending.ANSWER);
    }

    static Fault status(int status, String body, Map<String, String> headers) {
        Reply reply = Reply.text(status, Reply.JSON, body);
        for (Map.Entry<String, String> header : headers.entrySet()) {
            reply = reply.with(header.getKey(), header.getValue());
        }
        return new Fault(Duration.ZERO, reply, false, Ending.ANSWER);
    }

    static Fault undone(Ending ending) {
        return new Fault(Duration.ZERO, null, false, ending);
    }

    static Fault done(Ending ending) {
        return new Fault(Duration.ZERO, null, true, ending);
    }
}
