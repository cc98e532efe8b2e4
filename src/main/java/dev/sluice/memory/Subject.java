package dev.sluice.memory;

/** Whose attempts are counted. A user whose id looks like an address is still not that address. */
sealed interface Subject {

    record User(String userId) implements Subject {}

    /** The client's address, on a route without {@code Authenticate}. */
    record Address(String address) implements Subject {}
}
