package dev.sluice.exchange;

/** A measured layer of a request: its name in {@code Server-Timing} and metrics, and in a body's {@code timing}. */
public enum Stage {
    MEMORY("memory", "memoryGuard"),
    REDIS("redis", "redisChecks"),
    DATABASE("database", "databaseCall"),
    SUPABASE("supabase", "supabaseCall");

    private final String label;
    private final String field;

    Stage(String label, String field) {
        this.label = label;
        this.field = field;
    }

    public String label() {
        return label;
    }

    public String field() {
        return field;
    }
}
