package dev.sluice.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/**
 * The one real Postgres of a test JVM, and the databases on it.
 *
 * <p>It starts on first use, from the embedded binaries or, with {@code -Dsluice.test.containers=true}, in a container,
 * and ends with the JVM. Each test takes a database of its own, so tests need not clean up after one another.
 */
public final class Postgres {

    private static final String TEMPLATE = "sluice_template";

    /** What a Supabase project has before the first migration, at the level of the server. */
    private static final String ROLES = """
            do $$
            begin
              if to_regrole('anon') is null then create role anon nologin noinherit; end if;
              if to_regrole('authenticated') is null then create role authenticated nologin noinherit; end if;
              if to_regrole('service_role') is null then create role service_role nologin noinherit bypassrls; end if;
              if to_regrole('authenticator') is null then
                create role authenticator login noinherit password 'authenticator';
                grant anon, authenticated, service_role to authenticator;
              end if;
            end
            $$
            """;

    /** And at the level of the database: everything new in {@code public} is granted to all three roles. */
    private static final String PRIVILEGES = """
            grant usage on schema public to anon, authenticated, service_role;
            alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
            alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
            alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
            """;

    private static @Nullable Postgres shared;

    private final PostgresServer server;
    private final AtomicInteger databases = new AtomicInteger();
    private boolean templateReady;

    private Postgres(PostgresServer server) {
        this.server = server;
        onServer(ROLES);
    }

    /** The server of this JVM, started if need be. Fails where it cannot start; it is never skipped. */
    public static synchronized Postgres shared() {
        Postgres running = shared;
        if (running == null) {
            PostgresServer server = Boolean.getBoolean("sluice.test.containers")
                    ? PostgresServer.container()
                    : PostgresServer.embedded();
            Runtime.getRuntime().addShutdownHook(new Thread(server.stop(), "postgres-stop"));
            running = new Postgres(server);
            shared = running;
        }
        return running;
    }

    /** A database as a Supabase project has it after {@code supabase db push}: roles, privileges, all migrations. */
    public Database newDatabase() {
        return create(" template " + template());
    }

    /** A database as a new Supabase project has it: roles and default privileges, no migrations. */
    public Database emptyDatabase() {
        Database database = create("");
        database.execute(PRIVILEGES);
        return database;
    }

    /** Applies all migrations in the order of their file names. */
    public static void migrate(Database database) {
        migrations().forEach(database::execute);
    }

    /** The text of each migration, in the order of their file names. */
    public static List<String> migrations() {
        try {
            Resource[] files =
                    new PathMatchingResourcePatternResolver().getResources("classpath:supabase/migrations/*.sql");
            return Arrays.stream(files)
                    .sorted(Comparator.comparing((Resource file) -> Objects.requireNonNull(file.getFilename())))
                    .map(Postgres::text)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("The migrations are not on the class path", e);
        }
    }

    private static String text(Resource file) {
        try {
            return file.getContentAsString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("A migration cannot be read", e);
        }
    }

    private synchronized String template() {
        if (!templateReady) {
            onServer("create database " + TEMPLATE);
            try (Database template = new Database(server, TEMPLATE, () -> {})) {
                template.execute(PRIVILEGES);
                migrate(template);
            }
            templateReady = true;
        }
        return TEMPLATE;
    }

    private Database create(String options) {
        String name = "sluice_" + databases.incrementAndGet();
        onServer("create database " + name + options);
        return new Database(server, name, () -> onServer("drop database if exists " + name + " with (force)"));
    }

    private void onServer(String sql) {
        try (Connection connection =
                        DriverManager.getConnection(server.jdbcUrl("postgres"), server.user(), server.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException("Postgres refused: " + sql, e);
        }
    }
}
