package dev.sluice.admission;

import java.util.Locale;

/** What decided an admission. */
enum Source {
    MEMORY,
    REDIS,
    DATABASE,
    POLICY;

    String tag() {
        return name().toLowerCase(Locale.ROOT);
    }
}
