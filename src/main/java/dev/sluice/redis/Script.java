package dev.sluice.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.springframework.util.StreamUtils;

/**
 * A Lua script of ours, known to Redis by its SHA-1.
 *
 * @param name the file's name without {@code .lua}
 * @param source the text that is sent
 * @param sha1 the digest by which EVALSHA calls it, in lower-case hexadecimal
 */
public record Script(String name, String source, String sha1) {

    /**
     * Reads {@code <name>.lua} beside {@code owner}'s class file, preceded by the files it shares with other scripts.
     *
     * @throws UncheckedIOException if a file is missing from the jar
     */
    public static Script load(Class<?> owner, String name, String... shared) {
        StringBuilder source = new StringBuilder();
        for (String part : shared) {
            source.append(read(owner, part)).append('\n');
        }
        String text = source.append(read(owner, name)).toString();
        return new Script(name, text, sha1(text));
    }

    private static String read(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name + ".lua")) {
            if (in == null) {
                throw new IOException("No " + name + ".lua beside " + owner.getName());
            }
            return StreamUtils.copyToString(in, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha1(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-1", e);
        }
    }
}
