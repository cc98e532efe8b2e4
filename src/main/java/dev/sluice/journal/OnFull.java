package dev.sluice.journal;

/** What becomes of a request that policy admits while the journal, which would have to keep its charge, cannot. */
public enum OnFull {
    /** It is refused before its operation. */
    REFUSE,
    /** It is admitted, and its charge is a log line that can be replayed. */
    LOG
}
