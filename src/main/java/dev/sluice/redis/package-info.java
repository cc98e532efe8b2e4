/**
 * How Sluice speaks to Redis: its key space, its scripts and its connection.
 *
 * <p>Commands are sent on one shared Lettuce connection, whose client Spring Boot makes from {@code spring.data.redis.*}
 * (single server, Sentinel, Cluster). While Redis is away commands fail at once with
 * {@link dev.sluice.redis.RedisUnavailableException}: nothing is queued, nothing waits for longer than its timeout, and
 * the process starts and runs without Redis.
 */
@NullMarked
package dev.sluice.redis;

import org.jspecify.annotations.NullMarked;
