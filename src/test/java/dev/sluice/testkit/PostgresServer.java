package dev.sluice.testkit;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.UUID;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A running Postgres that nobody else uses: where it listens and who may do everything there.
 *
 * @param host host name or address
 * @param port TCP port, a free one
 * @param user a superuser
 * @param password its password
 * @param stop ends the server and removes its data
 */
record PostgresServer(String host, int port, String user, String password, Runnable stop) {

    private static final String MAX_CONNECTIONS = "400";

    /** The binaries of an artifact, unpacked, run and left behind below {@code target/} only. */
    static PostgresServer embedded() {
        Path home = Path.of("target", "postgres").toAbsolutePath();
        System.setProperty("ot.epg.working-dir", home.toString());
        try {
            EmbeddedPostgres server = EmbeddedPostgres.builder()
                    .setOverrideWorkingDirectory(home.toFile())
                    .setDataDirectory(home.resolve("data-" + UUID.randomUUID()))
                    .setCleanDataDirectory(true)
                    .setRegisterShutdownHook(false)
                    .setServerConfig("max_connections", MAX_CONNECTIONS)
                    .setServerConfig("unix_socket_directories", "")
                    .start();
            return new PostgresServer("localhost", server.getPort(), "postgres", "postgres", () -> close(server));
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded Postgres does not start", e);
        }
    }

    /** A container of the current image; fails where no Docker engine answers. */
    static PostgresServer container() {
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:17")
                .withUsername("postgres")
                .withPassword("postgres")
                .withCommand("postgres", "-c", "fsync=off", "-c", "max_connections=" + MAX_CONNECTIONS);
        container.start();
        return new PostgresServer(
                container.getHost(), container.getMappedPort(5432), "postgres", "postgres", container::stop);
    }

    String jdbcUrl(String database) {
        return "jdbc:postgresql://%s:%d/%s".formatted(host, port, database);
    }

    private static void close(EmbeddedPostgres server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException("The embedded Postgres does not stop", e);
        }
    }
}
