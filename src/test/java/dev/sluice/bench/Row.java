package dev.sluice.bench;

/** A line of the table: a program, and what is asked of it. */
enum Row {
    NETTY("(a) bare netty", Load.SIGN, 1),
    WEBFLUX("(b) bare WebFlux", Load.SIGN, 1, 3),
    SIGNED_URL("Sluice, signed URL", Load.SIGN, 1, 4, 5, 8),
    REFUSAL("Sluice, refusal by the memory guard", Load.REFUSED, 3),
    GATEWAY("(c) plain gateway", Load.UPLOAD, 2),
    LIMITER("(d) stock limiter", Load.UPLOAD, 2, 8),
    PROXIED("Sluice, proxied request", Load.UPLOAD, 2);

    private final String title;
    private final Load load;
    private final Integer[] targets;

    Row(String title, Load load, Integer... targets) {
        this.title = title;
        this.load = load;
        this.targets = targets;
    }

    String title() {
        return title;
    }

    Load load() {
        return load;
    }

    boolean isNeeded(Plan plan) {
        return plan.has(targets);
    }

    boolean isSluice() {
        return this == SIGNED_URL || this == REFUSAL || this == PROXIED;
    }
}
