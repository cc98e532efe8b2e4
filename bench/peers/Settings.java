package dev.sluice.peers;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;
import reactor.netty.ReactorNetty;

/**
 * What Sluice sets of the stack beneath it, for the peers too: observation, traces, metrics, the server, its event loops and
 * the gateway's client. So a setting that helps Sluice helps its peers, and only what Sluice does itself makes a difference.
 */
final class Settings {

    private static final List<String> SHARED = List.of(
            "management.",
            "server.http2.",
            "server.max-http-request-header-size",
            "server.netty.",
            "spring.main.",
            "spring.cloud.discovery.",
            "spring.data.redis.repositories.",
            "spring.cloud.gateway.server.webflux.");

    private Settings() {}

    /** As many event loops as cores, as Sluice's main method sets them. */
    static void eventLoops() {
        System.setProperty(
                ReactorNetty.IO_WORKER_COUNT,
                Integer.toString(Runtime.getRuntime().availableProcessors()));
    }

    /** @param own pairs of name and value, which win */
    static SpringApplication application(Class<?> peer, Map<String, String> own) throws IOException {
        eventLoops();
        Map<String, Object> settings = new HashMap<>();
        for (PropertySource<?> source : new YamlPropertySourceLoader()
                .load("sluice", new FileSystemResource("src/main/resources/application.yml"))) {
            for (String name : ((EnumerablePropertySource<?>) source).getPropertyNames()) {
                if (SHARED.stream().anyMatch(name::startsWith)) {
                    settings.put(name, String.valueOf(source.getProperty(name)));
                }
            }
        }
        settings.put("management.server.port", "0");
        settings.put("logging.level.org.springframework.cloud.gateway.route.RouteDefinitionRouteLocator", "WARN");
        settings.putAll(own);
        SpringApplication application = new SpringApplication(peer);
        application.setDefaultProperties(settings);
        return application;
    }
}
