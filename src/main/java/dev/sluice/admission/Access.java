package dev.sluice.admission;

/** What a bucket is accessed for. */
public enum Access {
    READ('r'),
    WRITE('w');

    private final char key;

    Access(char key) {
        this.key = key;
    }

    char key() {
        return key;
    }
}
