package dev.sluice.intent;

/**
 * A bucket and an object's path in it, decoded.
 *
 * @param bucket the bucket's id, never a path
 * @param path the object's key, without a leading slash
 */
public record ObjectPath(String bucket, String path) {}
