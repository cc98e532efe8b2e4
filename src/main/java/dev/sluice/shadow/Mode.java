package dev.sluice.shadow;

/** Whether what a filter decides holds. */
public enum Mode {
    /** What it refuses is refused. */
    ENFORCE,
    /** What it would refuse is counted and logged, and passes. Nobody is charged for it. */
    SHADOW
}
