package dev.sluice;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;

/**
 * Asks the instance on this machine whether it is ready, for an image that has neither a shell nor curl. Starts nothing of
 * Sluice. Ends with 0 if it is ready; with 1 if it is not, or does not answer within {@value #LIMIT_MILLIS} ms.
 */
public final class HealthCheck {

    private static final int LIMIT_MILLIS = 3_000;

    private HealthCheck() {}

    /** @param arguments none; the environment's {@code MANAGEMENT_SERVER_PORT} says where, else 8081 */
    public static void main(String[] arguments) {
        String port = System.getenv().getOrDefault("MANAGEMENT_SERVER_PORT", "8081");
        System.exit(isReady(Integer.parseInt(port)) ? 0 : 1);
    }

    static boolean isReady(int port) {
        String host = InetAddress.getLoopbackAddress().getHostAddress();
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create("http://" + host + ":" + port + "/actuator/health/readiness")
                            .toURL()
                            .openConnection();
            connection.setConnectTimeout(LIMIT_MILLIS);
            connection.setReadTimeout(LIMIT_MILLIS);
            return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            return false;
        }
    }
}
