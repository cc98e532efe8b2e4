package dev.sluice.bench;

/**
 * One measurement of one program.
 *
 * @param wrk what the load saw
 * @param cpuMicros of the program per request, work that followed the answers included
 * @param compilerMicros of these, what the JIT used: near nothing once the program is warm
 * @param drainMillis how long that work went on after the last answer
 * @param othersBusy part of the other cores' time that was used; near 1 the rate is the load's and not the program's
 * @param decidedElsewhere admissions that Redis was too slow for; any makes the figures those of another way
 * @param residentKib of the program, at the end
 */
record Sample(
        Wrk wrk,
        double cpuMicros,
        double compilerMicros,
        long drainMillis,
        double othersBusy,
        long decidedElsewhere,
        long residentKib) {}
