package dev.sluice.problem;

import org.springframework.web.server.ServerWebExchange;

/** How a refusal is written: in the form that the client of this route reads. */
public enum ErrorForm {

    /** Ours, unless the request is marked otherwise. */
    SLUICE,

    /**
     * As storage-api's: {@code statusCode} (a string), {@code error} and {@code message}, which supabase-js reads, with our
     * {@code code} and fields beside them. Unlike storage-api's, the HTTP status is the real one.
     */
    SUPABASE,

    /** As storage-api's resumable uploads (tus 1.0.0): a line of text, the real status, and headers. */
    TUS;

    private static final String ATTRIBUTE = ErrorForm.class.getName();

    /** Marks the request. */
    public void set(ServerWebExchange exchange) {
        exchange.getAttributes().put(ATTRIBUTE, this);
    }

    static ErrorForm of(ServerWebExchange exchange) {
        return exchange.getAttribute(ATTRIBUTE) instanceof ErrorForm form ? form : SLUICE;
    }
}
