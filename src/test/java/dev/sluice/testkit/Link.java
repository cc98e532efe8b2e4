package dev.sluice.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/** A TCP way to a server of this machine that can be cut and slowed down, for one client and not for the others. */
public final class Link implements AutoCloseable {

    private final ServerSocket entrance;
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "link");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean cut;
    private volatile Duration delay = Duration.ZERO;

    private Link(ServerSocket entrance, int target) {
        this.entrance = entrance;
        this.target = target;
        threads.execute(this::accept);
    }

    /** A way to {@code port} of 127.0.0.1, open at first. */
    public static Link to(int port) {
        try {
            return new Link(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where clients connect, on 127.0.0.1. */
    public int port() {
        return entrance.getLocalPort();
    }

    /** Closes all connections, and each new one at once. */
    public void cut() {
        cut = true;
        open.forEach(Link::close);
    }

    /** Ends {@link #cut()}. */
    public void mend() {
        cut = false;
    }

    /** From now on whatever the server says is held back so long. */
    public void delay(Duration newDelay) {
        delay = newDelay;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = entrance.accept();
                if (cut) {
                    close(client);
                } else {
                    connect(client);
                }
            }
        } catch (IOException e) {
            cut();
        }
    }

    private void connect(Socket client) {
        try {
            Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            open.add(client);
            open.add(server);
            threads.execute(() -> pump(client, server, false));
            threads.execute(() -> pump(server, client, true));
        } catch (IOException e) {
            close(client);
        }
    }

    private void pump(Socket from, Socket to, boolean slow) {
        byte[] buffer = new byte[64 * 1024];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (slow && !delay.isZero()) {
                    LockSupport.parkNanos(delay.toNanos());
                }
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // The other side learns of it below, as it would from a network.
        } finally {
            close(from);
            close(to);
            open.remove(from);
            open.remove(to);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            entrance.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
        threads.shutdownNow();
    }
}
