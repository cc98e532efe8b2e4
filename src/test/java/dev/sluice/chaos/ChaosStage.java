package dev.sluice.chaos;

import dev.sluice.testkit.Backends;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.stream.IntStream;

/** All that a rehearsal runs on. Redis keeps everything that it answered, on disk. */
record ChaosStage(Backends backends, List<EdgeProcess> edges, List<ChaosUser> users) implements AutoCloseable {

    static final String KNOWN_OBJECT = "known.txt";

    private static final String[] SETTINGS = {
        "sluice.redis.timeout", "250ms",
        "sluice.supabase.timeout", "2s",
        "sluice.operations.signed-url.memory", "1000000/1m",
        "sluice.operations.signed-url.redis", "1000000/1m",
        "sluice.operations.upload.memory", "1000000/1m",
        "sluice.operations.upload.redis", "1000000/1m",
        // An API key's owner is asked for now and then in the middle of everything, not only at the beginning.
        "sluice.identity.cache-ttl", "5s",
        "sluice.reconcile.interval", "10s"
    };

    static ChaosStage build(ChaosPlan plan) throws Exception {
        Backends backends = Backends.start(Redis.start("appendonly yes", "appendfsync always"));
        List<EdgeProcess> edges = IntStream.range(0, plan.instances())
                .mapToObj(i -> EdgeProcess.start(backends.redis(), backends.supabase(), SETTINGS))
                .toList();
        List<ChaosUser> users = IntStream.range(0, plan.users())
                .mapToObj(i -> user(backends, "user-" + i, ChaosUser.limitOf(i)))
                .toList();
        putKnownObject(backends);
        edges.forEach(EdgeProcess::awaitReady);
        return new ChaosStage(backends, edges, users);
    }

    /** Requests that were answered with success. */
    long answered() {
        return users.stream().mapToLong(ChaosUser::answered).sum();
    }

    private static ChaosUser user(Backends backends, String id, long limit) {
        return new ChaosUser(id, limit, backends.user(id, limit));
    }

    private static void putKnownObject(Backends backends) throws Exception {
        HttpRequest put = HttpRequest.newBuilder(URI.create(
                        backends.supabase().url() + "/storage/v1/object/" + Stack.BUCKET + "/" + KNOWN_OBJECT))
                .header("Authorization", "Bearer " + backends.supabase().serviceKey())
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("known"))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(put, BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException("Storage refused the first object: " + answer.body());
        }
    }

    @Override
    public void close() {
        edges.forEach(EdgeProcess::close);
        backends.close();
    }
}
