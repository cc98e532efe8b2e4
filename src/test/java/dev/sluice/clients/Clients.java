package dev.sluice.clients;

import dev.sluice.testkit.Backends;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Redis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs {@code clients/} against a Sluice of its own, or with {@code --direct} against its stand-in for Supabase. */
public final class Clients {

    private static final String BUCKET = "clients";
    private static final String USER = "11111111-1111-4111-8111-111111111111";
    private static final long QUOTA = 100_000;
    private static final String TOKEN = "management-token-of-the-clients";

    /** What the console must not take for HTML. */
    private static final String HOSTILE_ROUTE = """

                        - id: '"><img src=x onerror=hacked=1><script>hacked=1</script>'
                          uri: no://op
                          predicates:
                            - Path=/hostile
                          filters:
                            - SetStatus=410
            """;

    private Clients() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int status;
        try (Backends backends = Backends.start(Redis.start())) {
            backends.supabase().createBucket(BUCKET);
            backends.supabase().allowOwnFolder(BUCKET);
            status = List.of(arguments).contains("--direct")
                    ? run(
                            backends,
                            Map.of("SLUICE_CLIENTS_URL", backends.supabase().url()))
                    : runThroughEdge(backends);
        }
        System.exit(status);
    }

    private static int runThroughEdge(Backends backends) throws IOException, InterruptedException {
        String key = backends.user(USER, QUOTA);
        backends.grant(USER, BUCKET);
        Path routes = Path.of("target", "clients", "routes.yml");
        Files.createDirectories(routes.getParent());
        Files.writeString(routes, Files.readString(Path.of("gateway-routes.supabase.yml")) + HOSTILE_ROUTE);
        try (Edge edge = Edge.start(
                backends.servers(),
                backends.supabase(),
                "SLUICE_ROUTES",
                routes.toString(),
                "sluice.cors.allowed-origins",
                "*",
                "sluice.management.token",
                TOKEN)) {
            return run(
                    backends,
                    Map.of(
                            "SLUICE_CLIENTS_URL",
                            edge.url(),
                            "SLUICE_CLIENTS_API_KEY",
                            key,
                            "SLUICE_CLIENTS_MANAGEMENT_URL",
                            "http://127.0.0.1:" + edge.managementPort(),
                            "SLUICE_CLIENTS_MANAGEMENT_TOKEN",
                            TOKEN));
        }
    }

    private static int run(Backends backends, Map<String, String> address) throws IOException, InterruptedException {
        ProcessBuilder tests = new ProcessBuilder(Path.of("clients", "run").toString()).inheritIO();
        tests.environment().putAll(address);
        tests.environment().put("SLUICE_CLIENTS_BUCKET", BUCKET);
        tests.environment().put("SLUICE_CLIENTS_KEY", backends.supabase().anonKey());
        tests.environment().put("SLUICE_CLIENTS_TOKEN", backends.supabase().accessToken(USER, null));
        return tests.start().waitFor();
    }
}
