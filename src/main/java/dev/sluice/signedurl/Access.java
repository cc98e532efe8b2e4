package dev.sluice.signedurl;

/** What a signed URL allows. */
public enum Access {
    UPLOAD("uploadUrl"),
    DOWNLOAD("downloadUrl");

    private final String field;

    Access(String field) {
        this.field = field;
    }

    /** The URL's name in the answer. */
    String field() {
        return field;
    }
}
