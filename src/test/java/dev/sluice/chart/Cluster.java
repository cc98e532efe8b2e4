package dev.sluice.chart;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** As much of an API server as Helm asks when a template looks an object up: one StatefulSet {@code edge-sluice}. */
final class Cluster implements AutoCloseable {

    private static final String NOT_FOUND =
            "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"status\": \"Failure\", \"reason\": \"NotFound\", \"code\": 404}";

    private final HttpServer server;

    /** @param replicas of the StatefulSet */
    Cluster(int replicas) throws IOException {
        Map<String, String> answers = Map.of(
                "/version",
                "{\"major\": \"1\", \"minor\": \"30\", \"gitVersion\": \"v1.30.0\"}",
                "/api",
                "{\"kind\": \"APIVersions\", \"versions\": [\"v1\"]}",
                "/apis",
                "{\"kind\": \"APIGroupList\", \"apiVersion\": \"v1\", \"groups\": []}",
                "/api/v1",
                "{\"kind\": \"APIResourceList\", \"groupVersion\": \"v1\", \"resources\": []}",
                "/apis/apps/v1",
                "{\"kind\": \"APIResourceList\", \"groupVersion\": \"apps/v1\", \"resources\": [{\"name\": \"statefulsets\","
                        + " \"singularName\": \"\", \"namespaced\": true, \"kind\": \"StatefulSet\", \"verbs\": [\"get\"]}]}",
                "/apis/apps/v1/namespaces/gate/statefulsets/edge-sluice",
                "{\"kind\": \"StatefulSet\", \"apiVersion\": \"apps/v1\", \"metadata\": {\"name\": \"edge-sluice\"},"
                        + " \"spec\": {\"replicas\": " + replicas + "}}");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String answer = answers.getOrDefault(exchange.getRequestURI().getPath(), NOT_FOUND);
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer.equals(NOT_FOUND) ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    String kubeConfig() {
        return """
                apiVersion: v1
                kind: Config
                clusters: [{name: a, cluster: {server: "http://127.0.0.1:%d"}}]
                users: [{name: a, user: {}}]
                contexts: [{name: a, context: {cluster: a, user: a}}]
                current-context: a
                """.formatted(server.getAddress().getPort());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
