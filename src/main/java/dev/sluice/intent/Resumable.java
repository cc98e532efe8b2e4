package dev.sluice.intent;

import dev.sluice.exchange.Attribute;

/**
 * That a request is one of a resumable upload (tus 1.0.0): its {@link UploadIntent} was not in its path.
 *
 * @param step what it does
 * @param path the raw path that the client asked for, in which an upload that exists is named
 */
public record Resumable(Step step, String path) {

    /** Set by {@code UploadIntent=resumable}. */
    public static final Attribute<Resumable> ATTRIBUTE = Attribute.of(Resumable.class);

    /** What a request does to an upload. */
    public enum Step {

        /** Begins one; the intent's length is that of the whole upload. */
        CREATE,

        /** Brings bytes; the intent's length is that of this request. */
        APPEND,

        /** Gives one up. */
        TERMINATE,

        /** Asks how far one is. */
        STATE
    }
}
