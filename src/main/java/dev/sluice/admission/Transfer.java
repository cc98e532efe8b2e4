package dev.sluice.admission;

/** The body of an admitted request on its way to where it is stored. Safe for use by several threads. */
public interface Transfer {

    /**
     * Ends it: nothing passes any more. Safe to repeat.
     *
     * @return the bytes that have passed, 0 if it never began
     */
    long end();

    /** Whether there is a body at all, of at least one byte; without one, nothing passed says nothing. */
    boolean hasBody();
}
