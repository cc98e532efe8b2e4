package dev.sluice.intent;

import dev.sluice.exchange.Attribute;

/** That a request's body may ask for more than its {@link UploadIntent} says, because nobody here has read it. */
public record UnreadBody() {

    /** Set by {@code UploadIntent=object}. */
    public static final Attribute<UnreadBody> ATTRIBUTE = Attribute.of(UnreadBody.class);
}
