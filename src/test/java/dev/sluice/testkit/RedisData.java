package dev.sluice.testkit;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;

/** A Redis whose content a test sees and changes in the same way, whether it is one server or a Cluster. */
public interface RedisData extends RedisServers {

    /** A new client as the gateway has one: refuses commands while there is no connection. The caller's own. */
    AbstractRedisClient newClient();

    /** The test's own connection: each command goes to where its key is, and one without a key to every master. */
    RedisClusterCommands<String, String> client();

    default void flushAll() {
        client().flushall();
    }

    /** Stops every server without closing its connections (SIGSTOP): it accepts and never answers. */
    void freeze();

    /** Ends {@link #freeze()}. */
    void thaw();

    /** Ends every server as a crash would (SIGKILL). */
    void kill();

    /** Starts every server again with what it kept on disk, and waits until all answer. */
    void restart();
}
