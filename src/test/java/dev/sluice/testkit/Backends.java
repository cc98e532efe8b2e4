package dev.sluice.testkit;

import dev.sluice.testkit.supabase.LocalSupabase;
import dev.sluice.testkit.supabase.Options;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;

/**
 * What stands around instances of Sluice: a Redis, a database and a stand-in for Supabase of one's own, with one bucket.
 * Closing it closes all three.
 */
public record Backends(RedisServers servers, Database database, LocalSupabase supabase) implements AutoCloseable {

    /** Starts a database and a Supabase around a Redis. */
    public static Backends start(RedisServers redis) {
        Database database = Postgres.shared().newDatabase();
        LocalSupabase supabase = LocalSupabase.start(
                database.dataSource(),
                Path.of("target", "objects", UUID.randomUUID().toString()),
                Options.defaults().withUploadExpiry(Duration.ofHours(2)));
        supabase.createBucket(Stack.BUCKET);
        return new Backends(redis, database, supabase);
    }

    /** The Redis, where it is one server. */
    public Redis redis() {
        return (Redis) servers;
    }

    /** Makes a user with a quota and full access to {@link Stack#BUCKET}, and returns an API key of theirs. */
    public String user(String userId, long limit) {
        database.update("insert into user_quotas (user_id, \"limit\") values (?, ?)", userId, limit);
        grant(userId, Stack.BUCKET);
        return supabase.createApiKey(userId, null);
    }

    public void grant(String userId, String bucket) {
        database.update(
                "insert into bucket_grants (user_id, bucket_id, can_read, can_write) values (?, ?, true, true)",
                userId,
                bucket);
    }

    /** What the database has counted of a user. */
    public long current(String userId) {
        return database.number("select current from user_quotas where user_id = ?", userId);
    }

    @Override
    public void close() {
        supabase.close();
        database.close();
        servers.close();
    }
}
