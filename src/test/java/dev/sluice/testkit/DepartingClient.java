package dev.sluice.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client that sends exactly the bytes it is told to, and goes when it is told to. */
public final class DepartingClient implements AutoCloseable {

    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: (\\d+)\r\n", Pattern.CASE_INSENSITIVE);
    private static final String END_OF_HEAD = "\r\n\r\n";

    private final Socket socket;

    private DepartingClient(Socket socket) {
        this.socket = socket;
    }

    public static DepartingClient connect(int port) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        return new DepartingClient(socket);
    }

    public DepartingClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.US_ASCII));
    }

    public DepartingClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** Reads until this much has arrived. */
    public DepartingClient read(int bytes) throws IOException {
        int read = socket.getInputStream().readNBytes(bytes).length;
        if (read < bytes) {
            throw new IOException("The answer ended after " + read + " bytes");
        }
        return this;
    }

    /** The first answer, head and body, if it arrives whole without a pause of {@code patienceMillis}; else what arrived. */
    public Answer answer(int patienceMillis) throws IOException {
        socket.setSoTimeout(patienceMillis);
        InputStream input = socket.getInputStream();
        StringBuilder text = new StringBuilder();
        byte[] chunk = new byte[16 * 1024];
        try {
            while (!isWhole(text)) {
                int read = input.read(chunk);
                if (read < 0) {
                    break;
                }
                text.append(new String(chunk, 0, read, StandardCharsets.ISO_8859_1));
            }
        } catch (SocketTimeoutException e) {
            return new Answer(text.toString(), false);
        }
        return new Answer(text.toString(), isWhole(text));
    }

    /** Ends the connection: in the ordinary way (FIN). */
    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Ends the connection as a client that was killed, or a network that gave up, does (RST). */
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private static boolean isWhole(CharSequence text) {
        int head = text.toString().indexOf(END_OF_HEAD);
        Matcher length = LENGTH.matcher(text);
        return head >= 0
                && length.find()
                && text.length() >= head + END_OF_HEAD.length() + Integer.parseInt(length.group(1));
    }

    /**
     * What arrived.
     *
     * @param whole whether it was a whole answer
     */
    public record Answer(String text, boolean whole) {

        /** Whether it was a whole answer of this status. */
        public boolean is(int status) {
            return whole && text.startsWith("HTTP/1.1 " + status);
        }
    }
}
