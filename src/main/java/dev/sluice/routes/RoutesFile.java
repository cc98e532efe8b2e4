package dev.sluice.routes;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The routes file as it is on the disk. It is the text that is compared, never a time or an inode: a ConfigMap is changed by
 * turning a symbolic link above the file.
 */
final class RoutesFile {

    /** As much as a ConfigMap can hold. */
    static final int MAX_BYTES = 1 << 20;

    private final Path path;

    RoutesFile(Path path) {
        this.path = path;
    }

    /** What a look at the file found; equal if nothing changed. */
    sealed interface Content {

        record Text(String yaml) implements Content {}

        record Missing() implements Content {}

        /** @param why it cannot be read */
        record Unreadable(String why) implements Content {

            RouteConfigurationException mistake() {
                return new RouteConfigurationException("It cannot be read", "Put it right.", why, null);
            }
        }
    }

    Path path() {
        return path;
    }

    /** Reads the disk: never on an event loop. */
    Content read() {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            return bytes.length > MAX_BYTES
                    ? new Content.Unreadable("it is larger than " + MAX_BYTES + " bytes")
                    : new Content.Text(StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (NoSuchFileException e) {
            return new Content.Missing();
        } catch (CharacterCodingException e) {
            return new Content.Unreadable("it is not UTF-8");
        } catch (IOException e) {
            return new Content.Unreadable(e.toString());
        }
    }
}
