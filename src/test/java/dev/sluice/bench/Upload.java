package dev.sluice.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Sends a body of zeros on a connection of its own, as fast as it is taken. */
final class Upload {

    private static final int MIB = 1024 * 1024;

    private Upload() {}

    /** @throws IllegalStateException if it is not answered with 200 */
    static void send(int port, int user, int megabytes) {
        String head = "PUT " + Load.UPLOAD.path().replace("@", Integer.toString(user)) + " HTTP/1.1\r\n"
                + "Host: 127.0.0.1\r\nConnection: close\r\nX-API-Key: "
                + Load.UPLOAD.keys().prefix() + user
                + "\r\nContent-Type: image/png\r\nContent-Length: " + (long) megabytes * MIB + "\r\n\r\n";
        byte[] part = new byte[MIB / 4];
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            OutputStream out = socket.getOutputStream();
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < megabytes * 4; i++) {
                out.write(part);
            }
            out.flush();
            InputStream in = socket.getInputStream();
            String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!answer.startsWith("HTTP/1.1 200 ")) {
                throw new IllegalStateException("An upload was answered with " + answer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
