package dev.sluice.testkit;

import dev.sluice.SluiceApplication;
import dev.sluice.testkit.supabase.LocalSupabase;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.test.web.reactive.server.EntityExchangeResult;
import org.springframework.test.web.reactive.server.WebTestClient;

/** A whole Sluice in this JVM, on free ports, with real parts around it. Several may run beside each other. */
public final class Edge implements AutoCloseable {

    static final Duration QUIET = Duration.ofMillis(100);
    private static final Pattern SECRET = Pattern.compile("(?i)(token|secret|password|[-_.]key)$");

    private final ConfigurableApplicationContext context;

    private Edge(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Starts an instance; {@code settings} are further properties, as pairs of name and value. */
    public static Edge start(RedisServers redis, LocalSupabase supabase, String... settings) {
        Map<String, Object> properties = properties(redis, supabase, settings);
        properties.putIfAbsent("server.port", "0");
        properties.putIfAbsent("management.server.port", "0");
        String[] arguments = properties.entrySet().stream()
                .map(entry -> "--" + entry.getKey() + "=" + entry.getValue())
                .toArray(String[]::new);
        return new Edge(new SpringApplicationBuilder(SluiceApplication.class)
                .web(WebApplicationType.REACTIVE)
                .initializers((GenericApplicationContext made) ->
                        made.registerBean(ReactorResourceFactory.class, Edge::ownResources))
                .run(arguments));
    }

    /** What an instance is told of the parts around it, and {@code settings}, as pairs of name and value. */
    static Map<String, Object> properties(RedisServers redis, LocalSupabase supabase, String... settings) {
        Map<String, Object> properties = new TreeMap<>();
        properties.putAll(redis.settings());
        properties.put("SUPABASE_URL", supabase.url());
        properties.put("SUPABASE_SERVICE_KEY", supabase.serviceKey());
        properties.put("SUPABASE_JWT_SECRET", supabase.jwtSecret());
        properties.put("sluice.journal.directory", "target/journal/" + UUID.randomUUID());
        // Room for a machine that is busy with other tests; whoever tests deadlines sets them.
        properties.put("sluice.redis.timeout", "2s");
        properties.put("sluice.supabase.timeout", "10s");
        for (int i = 0; i < settings.length; i += 2) {
            properties.put(settings[i], settings[i + 1]);
            if (SECRET.matcher(settings[i]).find() && settings[i + 1].length() >= Secrets.MIN_LENGTH) {
                Secrets.ofThisRun().remember(settings[i + 1]);
            }
        }
        return properties;
    }

    /**
     * An instance that stops would else dispose the event loops of all others in this JVM, and wait two seconds for tasks that
     * nobody brings once the web server has stopped.
     */
    private static ReactorResourceFactory ownResources() {
        ReactorResourceFactory resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        resources.setShutdownQuietPeriod(QUIET);
        return resources;
    }

    public int port() {
        return number("local.server.port");
    }

    public int managementPort() {
        return number("local.management.port");
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    public WebTestClient client() {
        return client(url());
    }

    public WebTestClient management() {
        return client("http://127.0.0.1:" + managementPort());
    }

    /** The JDK's client: of Netty's, a test that looks at a status only would lose the body's buffers, see {@link Leaks}. */
    private static WebTestClient client(String url) {
        return WebTestClient.bindToServer(new JdkClientHttpConnector(HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()))
                .baseUrl(url)
                .responseTimeout(Duration.ofSeconds(30))
                .entityExchangeResultConsumer(Edge::scan)
                .build();
    }

    /** No error may tell a secret of this run. */
    private static void scan(EntityExchangeResult<?> result) {
        byte[] body = result.getResponseBodyContent();
        if (result.getStatus().isError()) {
            Secrets.ofThisRun()
                    .assertNotIn(result.getResponseHeaders()
                            + (body == null ? "" : new String(body, StandardCharsets.UTF_8)));
        }
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    private int number(String property) {
        return context.getEnvironment().getRequiredProperty(property, Integer.class);
    }

    @Override
    public void close() {
        context.close();
    }
}
