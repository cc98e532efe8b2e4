package dev.sluice.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client that sends bytes as they are, because well-behaved clients refuse to. */
public final class ByteClient implements AutoCloseable {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Socket socket;
    private final ScheduledExecutorService trickling = Executors.newSingleThreadScheduledExecutor();

    private ByteClient(Socket socket) {
        this.socket = socket;
    }

    public static ByteClient connect(int port) {
        try {
            Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port);
            socket.setSoTimeout(60_000);
            socket.setTcpNoDelay(true);
            return new ByteClient(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that the edge answers to these bytes until it closes its side; a reset fails the test. */
    public static Answer exchange(int port, String request) {
        try (ByteClient client = connect(port)) {
            client.send(request);
            return client.rest();
        }
    }

    public void send(String text) {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Blocks while the edge does not read. */
    public void send(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            socket.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether anything has come that is not read yet. */
    public boolean isAnswered() {
        try {
            return socket.getInputStream().available() > 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends the text a byte at a time, one each period, until the edge closes or all is sent; does not wait. */
    public void trickle(String text, Duration period) {
        AtomicInteger next = new AtomicInteger();
        trickling.scheduleAtFixedRate(
                () -> send(text.substring(next.get(), next.incrementAndGet())),
                0,
                period.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** What comes until the edge closes its side. */
    public Answer rest() {
        try {
            Answer answer = new Answer(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            Secrets.ofThisRun().assertNotIn(answer.text());
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        trickling.shutdownNow();
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One answer or more, as text. */
    public record Answer(String text) {

        public int status() {
            return Integer.parseInt(text.split(" ", 3)[1]);
        }

        /** The first one's header; empty if there is none. */
        public String header(String name) {
            return text.substring(0, text.indexOf("\r\n\r\n"))
                    .lines()
                    .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ": "))
                    .map(line -> line.substring(name.length() + 2))
                    .findFirst()
                    .orElse("");
        }

        /** The body of the only answer. */
        public JsonNode json() {
            return JSON.readTree(text.substring(text.indexOf("\r\n\r\n") + 4));
        }

        /** How many answers there are. */
        public int count() {
            return text.split("HTTP/1\\.1 [0-9]{3} ", -1).length - 1;
        }
    }
}
