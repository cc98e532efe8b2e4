package dev.sluice.testkit;

import java.util.Map;

/** A Redis that Sluice can be told to use: one server or several. */
public interface RedisServers extends AutoCloseable {

    /** Sluice's settings for it, {@code spring.data.redis.*}. */
    Map<String, String> settings();

    @Override
    void close();
}
