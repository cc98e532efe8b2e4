package dev.sluice.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of 127.0.0.1 for servers that have to be told theirs. */
public final class Ports {

    private static final int LOWEST = 10_000;
    private static final int COUNT = 10_000;
    private static final int ATTEMPTS = 20;

    private Ports() {}

    /**
     * A port that nobody listens on at the moment. It is below those that a system gives to clients (from 32768), so that no
     * client, nor one of another test JVM, takes it while its server is killed and started again; and 10,000 above it is free
     * for the bus of a Redis Cluster.
     */
    public static int free() {
        for (int attempt = 1; ; attempt++) {
            int port = LOWEST + ThreadLocalRandom.current().nextInt(COUNT);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw new UncheckedIOException("No free port", e);
                }
            }
        }
    }
}
