package dev.sluice.testkit;

/** A Redis server that answers on a port of localhost which it keeps through kill and start. */
interface RedisServer {

    /** Starts the server, with the data that its settings made it keep; does not wait until it answers. */
    void start();

    /** Ends the server at once, as a crash would; no effect on one that does not run. */
    void kill();

    /** Stops the server from running without closing its connections. */
    void freeze();

    void thaw();

    boolean isRunning();

    long pid();

    /** What the server has printed. */
    String log();
}
