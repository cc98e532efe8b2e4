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

    /** The one of that key; what has no other is read. */
    static Access of(char key) {
        return key == WRITE.key ? WRITE : READ;
    }
}
