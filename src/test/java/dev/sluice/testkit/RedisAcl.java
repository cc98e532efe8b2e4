package dev.sluice.testkit;

import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The Redis user that docs/configuration.md tells an operator to make, with exactly the rights that stand there. */
public final class RedisAcl {

    public static final String USER = "sluice";
    public static final String PASSWORD = "correct-horse-battery";

    private static final String BEGIN = "user " + USER + " on >PASSWORD ";

    private RedisAcl() {}

    /** As a line of a redis.conf. */
    public static String setting() {
        try {
            String text = Files.readString(Path.of("docs", "configuration.md"));
            int begin = text.indexOf(BEGIN);
            if (begin < 0) {
                throw new IllegalStateException("docs/configuration.md names no Redis user");
            }
            String rule = text.substring(begin, text.indexOf("```", begin)).replace("\\\n", " ");
            return rule.replace("PASSWORD", PASSWORD).trim();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a server has refused to that user since it was started, because a right was missing. */
    public static List<String> refused(Redis redis) {
        RedisCommands<String, String> client = redis.client();
        return client.aclLog().stream()
                .filter(entry -> USER.equals(entry.get("username")))
                .map(Map::toString)
                .toList();
    }
}
