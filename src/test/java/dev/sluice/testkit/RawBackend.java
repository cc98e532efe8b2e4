package dev.sluice.testkit;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A backend that keeps every request byte for byte and answers 200: what one server on the way out really gets to read. A
 * connection that ends within a request counts as aborted.
 */
public final class RawBackend implements AutoCloseable {

    private final ServerSocket server;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger aborted = new AtomicInteger();
    private volatile CountDownLatch reading = new CountDownLatch(0);

    private RawBackend(ServerSocket server) {
        this.server = server;
    }

    public static RawBackend start() {
        try {
            ServerSocket server = new ServerSocket();
            // Small, so that a backend which does not read is felt at once.
            server.setReceiveBufferSize(16 * 1024);
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            RawBackend backend = new RawBackend(server);
            daemon(backend::accept);
            return backend;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** Whole requests as they arrived, in ISO 8859-1. */
    public List<String> requests() {
        return requests;
    }

    /** Requests whose head has arrived. */
    public int begun() {
        return begun.get();
    }

    /** Requests that broke off. */
    public int aborted() {
        return aborted.get();
    }

    /** From now on bodies are left unread until {@link #readBodies}. */
    public void leaveBodies() {
        reading = new CountDownLatch(1);
    }

    public void readBodies() {
        reading.countDown();
    }

    public void forget() {
        requests.clear();
        begun.set(0);
        aborted.set(0);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                daemon(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket;
                InputStream in = new BufferedInputStream(socket.getInputStream())) {
            while (true) {
                String head = head(in);
                if (head == null) {
                    return;
                }
                begun.incrementAndGet();
                reading.await();
                String body = body(in, head);
                if (body == null) {
                    aborted.incrementAndGet();
                    return;
                }
                requests.add(head + body);
                socket.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            aborted.incrementAndGet();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static @Nullable String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static @Nullable String body(InputStream in, String head) throws IOException {
        String lower = head.toLowerCase(Locale.ROOT);
        if (lower.contains("transfer-encoding: chunked")) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            while (!body.toString(StandardCharsets.ISO_8859_1).endsWith("0\r\n\r\n")) {
                int b = in.read();
                if (b < 0) {
                    return null;
                }
                body.write(b);
            }
            return body.toString(StandardCharsets.ISO_8859_1);
        }
        int at = lower.indexOf("content-length: ");
        int length = at < 0 ? 0 : Integer.parseInt(lower.substring(at + 16, lower.indexOf('\r', at)));
        byte[] body = in.readNBytes(length);
        return body.length < length ? null : new String(body, StandardCharsets.ISO_8859_1);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "raw-backend");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        reading.countDown();
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
