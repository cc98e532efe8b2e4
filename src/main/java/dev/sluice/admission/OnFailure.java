package dev.sluice.admission;

/** What a claim that nothing can decide means for the request. */
public enum OnFailure {
    /** The request passes. */
    ALLOW,
    /** The request is refused with 503 ACCESS_CHECK_UNAVAILABLE. */
    DENY
}
