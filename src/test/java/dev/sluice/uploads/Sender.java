package dev.sluice.uploads;

import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.Stack;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;

/** Sends one body made from a seed, all of it or its beginning. */
final class Sender {

    private static final int CHUNK = 64 * 1024;
    private static final int PATIENT = 300_000;

    private Sender() {}

    /**
     * What a client saw.
     *
     * @param answer empty where it went before one, or none came
     * @param crc of what it sent
     */
    record Sent(String answer, long crc) {

        boolean isStored() {
            return answer.startsWith("HTTP/1.1 200");
        }
    }

    /** @param bytes to send; the client resets the connection after them if they are less than {@code declared} */
    static Sent send(int port, String key, String name, long declared, long bytes, long seed) throws IOException {
        CRC32 crc = new CRC32();
        try (DepartingClient client = DepartingClient.connect(port)) {
            client.send("PUT /v1/upload/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                    + "\r\nContent-Type: image/png\r\nContent-Length: " + declared + "\r\n\r\n");
            byte[] chunk = new byte[CHUNK];
            new Random(seed).nextBytes(chunk);
            for (long at = 0; at < bytes; at += CHUNK) {
                byte[] part = at + CHUNK <= bytes ? chunk : Arrays.copyOf(chunk, (int) (bytes - at));
                part[0] = (byte) (at >> 16);
                client.send(part);
                crc.update(part);
            }
            if (bytes < declared) {
                client.reset();
                return new Sent("", crc.getValue());
            }
            return new Sent(client.answer(PATIENT).text(), crc.getValue());
        } catch (IOException e) {
            // The edge closed the connection, because the backend did.
            return new Sent("", crc.getValue());
        }
    }
}
