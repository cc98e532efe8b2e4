package dev.sluice.deadlines;

/** What Redis is like while answers are measured. */
enum Condition {
    ANSWERS("(a) Redis answers"),
    REFUSES("(b) Redis refuses connections, circuit open"),
    HANGS("(c) Redis hangs, circuit still closed"),
    HANGS_UNASKED("(d) Redis hangs, circuit open");

    private final String title;

    Condition(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }
}
