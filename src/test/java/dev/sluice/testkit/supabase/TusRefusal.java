package dev.sluice.testkit.supabase;

/** A refusal of storage-api's tus server: plain text and the real status, unlike the rest of storage-api. */
final class TusRefusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    private TusRefusal(int status, String text) {
        super(text, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }

    static TusRefusal of(int status, String text) {
        return new TusRefusal(status, text);
    }

    /** The header's form is wrong. */
    static TusRefusal invalid(String header) {
        return of(400, "Invalid " + header + "\n");
    }

    static TusRefusal noLength() {
        return of(400, "Upload-Length or Upload-Defer-Length header required\n");
    }

    static TusRefusal metadata() {
        return of(
                400,
                "Upload-Metadata is invalid. It MUST consist of one or more comma-separated key-value pairs. The key and "
                        + "value MUST be separated by a space. The key MUST NOT contain spaces and commas and MUST NOT be "
                        + "empty. The key SHOULD be ASCII encoded and the value MUST be Base64 encoded. All keys MUST be "
                        + "unique");
    }

    static TusRefusal notFound() {
        return of(404, "The file for this url was not found\n");
    }

    /** More bytes come than were declared. */
    static TusRefusal sizeExceeded() {
        return of(413, "upload's size exceeded\n");
    }

    /** More bytes are declared than the bucket takes. */
    static TusRefusal maxSizeExceeded() {
        return of(413, "Maximum size exceeded\n");
    }
}
