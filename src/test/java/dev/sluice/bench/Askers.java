package dev.sluice.bench;

/**
 * Who of a load's users asks, in turn.
 *
 * @param first number of the first
 * @param count how many from there on
 */
record Askers(int first, int count) {

    static final Askers ALL = new Askers(0, Keys.USERS);
}
