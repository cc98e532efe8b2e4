package dev.sluice;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.supabase.LocalSupabase;
import dev.sluice.testkit.supabase.Options;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;

/** Starts Sluice with a Redis, a Postgres and a stand-in for Supabase of its own: {@code mvn spring-boot:test-run}. */
public final class SluiceLocalRun {

    private static final String USER = "demo";
    private static final String BUCKET = "avatars";

    private SluiceLocalRun() {}

    public static void main(String[] args) {
        Redis redis = Redis.start();
        Database database = Postgres.shared().newDatabase();
        LocalSupabase supabase = LocalSupabase.start(
                database.dataSource(),
                Path.of("target", "local-run", "objects"),
                Options.defaults().withUploadExpiry(Duration.ofHours(2)));
        supabase.createBucket(BUCKET);
        database.update(
                "insert into public.bucket_grants (user_id, bucket_id, can_read, can_write) values (?, ?, true, true)",
                USER,
                BUCKET);
        database.update("insert into public.user_quotas (user_id, \"limit\") values (?, 1000)", USER);
        String key = supabase.createApiKey(USER, null);

        SpringApplication application = new SpringApplication(SluiceApplication.class);
        application.setDefaultProperties(settings(redis, supabase));
        application.addListeners((ApplicationListener<ApplicationReadyEvent>)
                ready -> print(ready.getApplicationContext(), redis, database, supabase, key));
        application.run(args);
    }

    private static Map<String, Object> settings(Redis redis, LocalSupabase supabase) {
        Map<String, Object> settings = new TreeMap<>();
        settings.put("SUPABASE_URL", supabase.url());
        settings.put("SUPABASE_SERVICE_KEY", supabase.serviceKey());
        settings.put("SUPABASE_JWT_SECRET", supabase.jwtSecret());
        settings.put("spring.data.redis.url", redis.uri());
        settings.put("sluice.journal.directory", "target/local-run/journal");
        // The first request of a cold process on a busy machine is to be a success too.
        settings.put("sluice.supabase.timeout", "10s");
        return settings;
    }

    private static void print(
            ConfigurableApplicationContext context,
            Redis redis,
            Database database,
            LocalSupabase supabase,
            String key) {
        int port = context instanceof WebServerApplicationContext web && web.getWebServer() != null
                ? web.getWebServer().getPort()
                : 8080;
        String edge = "http://localhost:" + port;
        System.out.println("""

                Sluice is ready.

                  edge         %s
                  management   http://localhost:%s/actuator/health
                  Supabase     %s (a stand-in on a real Postgres)
                  Postgres     %s (user %s)
                  Redis        %s
                  demo key     %s (user %s, bucket %s, 1000 requests)

                Get a signed URL:

                curl -s %s/v1/supabase/signed-url -H 'X-API-Key: %s' -H 'Content-Type: application/json' \
                -d '{"filename":"hello.txt","contentType":"text/plain","supabaseBucket":"%s","upsert":true}' | tee target/signed-url.json

                Upload a file with it:

                curl -s -X PUT -H 'Content-Type: text/plain' --data-binary @README.md \
                "$(sed -E 's/.*"uploadUrl":"([^"]+)".*/\\1/' target/signed-url.json)"

                See what was charged, in Postgres:

                curl -s %s/rest/v1/rpc/quotas_of -H 'apikey: %s' -H 'Content-Type: application/json' \
                -d '{"p_user_ids":["%s"]}'

                Ctrl-C stops everything; nothing is left outside target/.
                """.formatted(
                        edge,
                        context.getEnvironment().getProperty("local.management.port", "8081"),
                        supabase.url(),
                        database.jdbcUrl().replace("jdbc:", ""),
                        database.user(),
                        redis.uri(),
                        key,
                        USER,
                        BUCKET,
                        edge,
                        key,
                        BUCKET,
                        supabase.url(),
                        supabase.secretKey(),
                        USER));
    }
}
