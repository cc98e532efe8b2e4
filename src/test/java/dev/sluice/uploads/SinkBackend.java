package dev.sluice.uploads;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;

/**
 * A backend that keeps no body, only how much of each came and its checksum. What it does is said by an object's name:
 * {@code ok-…} is read to its end and answered 200; {@code cut-<n>-…} is reset after n bytes; {@code early-…} is answered
 * 200 from its head alone, and closed.
 */
final class SinkBackend implements AutoCloseable {

    private static final int BUFFER = 64 * 1024;

    private final ServerSocket server;
    private final Map<String, Received> received = new ConcurrentHashMap<>();

    /**
     * What came of one body.
     *
     * @param declared its Content-Length; -1 if it had none
     */
    record Received(long declared, long bytes, long crc) {}

    private SinkBackend(ServerSocket server) {
        this.server = server;
    }

    static SinkBackend start() {
        try {
            SinkBackend backend = new SinkBackend(new ServerSocket(0, 512, InetAddress.getLoopbackAddress()));
            daemon(backend::accept);
            return backend;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** By the object's name. */
    Map<String, Received> received() {
        return received;
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
                InputStream in = new BufferedInputStream(socket.getInputStream(), BUFFER)) {
            while (request(socket, in)) {}
        } catch (IOException e) {
            // The edge broke off; what came until then is known.
        }
    }

    private boolean request(Socket socket, InputStream in) throws IOException {
        String head = head(in);
        if (head.isEmpty()) {
            return false;
        }
        String path = head.split(" ", 3)[1];
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (name.startsWith("early-")) {
            answer(socket, "early", "Connection: close\r\n");
            return false;
        }
        long declared = length(head);
        long wanted = name.startsWith("cut-") ? Long.parseLong(name.split("-")[1]) : declared;
        CRC32 crc = new CRC32();
        byte[] buffer = new byte[BUFFER];
        long bytes = 0;
        try {
            while (bytes < wanted) {
                int read = in.read(buffer, 0, (int) Math.min(BUFFER, wanted - bytes));
                if (read < 0) {
                    return false;
                }
                crc.update(buffer, 0, read);
                bytes += read;
            }
        } finally {
            received.put(name, new Received(declared, bytes, crc.getValue()));
        }
        if (wanted < declared) {
            socket.setSoLinger(true, 0);
            return false;
        }
        answer(socket, Long.toHexString(crc.getValue()), "");
        return true;
    }

    private static void answer(Socket socket, String body, String more) throws IOException {
        String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n" + more + "\r\n" + body;
        socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
    }

    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int newlines = 0;
        while (newlines < 2) {
            int b = in.read();
            if (b < 0) {
                return "";
            }
            head.write(b);
            newlines = b == '\n' ? newlines + 1 : b == '\r' ? newlines : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private static long length(String head) {
        return head.toLowerCase(Locale.ROOT)
                .lines()
                .filter(line -> line.startsWith("content-length: "))
                .mapToLong(line -> Long.parseLong(line.substring("content-length: ".length())))
                .findFirst()
                .orElse(-1);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "sink-backend");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
