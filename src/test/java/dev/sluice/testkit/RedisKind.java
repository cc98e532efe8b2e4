package dev.sluice.testkit;

/** On what a contract test runs, each of its cases on each kind. */
public enum RedisKind {
    /** One server of the test class's own. */
    SINGLE,
    /** Three masters, where the gateway is the user that the docs name; they are shared by all test classes of this JVM. */
    CLUSTER;

    /** Starts it, or finds it started, empty. The caller closes it. */
    public RedisData start() {
        RedisData servers = switch (this) {
            case SINGLE -> Redis.start();
            case CLUSTER -> RedisCluster.shared();
        };
        servers.flushAll();
        return servers;
    }
}
