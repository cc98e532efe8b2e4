package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Reads the bodies of storage-api's requests and refuses them in its words. */
final class StorageInput {

    private StorageInput() {}

    /** The JSON body; empty where the type is another. */
    static Map<String, Object> body(Call call) throws IOException {
        String type = call.header(HttpHeaderNames.CONTENT_TYPE);
        byte[] bytes = call.bytes();
        if (type == null || !type.startsWith("application/json")) {
            return Map.of();
        }
        if (bytes.length == 0) {
            throw StorageProblem.fastify("Body cannot be empty when content-type is set to 'application/json'");
        }
        Map<String, Object> body = Json.readObject(bytes);
        if (body == null) {
            throw StorageProblem.fastify("Body is not valid JSON but content-type is set to 'application/json'");
        }
        return body;
    }

    static Duration lifetime(Map<String, Object> body) {
        if (!(body.get("expiresIn") instanceof Integer seconds)) {
            throw StorageProblem.invalid(
                    body.containsKey("expiresIn")
                            ? "body/expiresIn must be integer"
                            : "body must have required property 'expiresIn'");
        }
        if (seconds < 1) {
            throw StorageProblem.invalid("body/expiresIn must be >= 1");
        }
        return Duration.ofSeconds(seconds);
    }

    static List<String> strings(Map<String, Object> body, String name, int max) {
        if (!(body.get(name) instanceof List<?> list)) {
            throw StorageProblem.invalid("body must have required property '" + name + "'");
        }
        if (list.isEmpty()) {
            throw StorageProblem.invalid("body/" + name + " must NOT have fewer than 1 items");
        }
        if (list.size() > max) {
            throw StorageProblem.invalid("body/" + name + " must NOT have more than " + max + " items");
        }
        return list.stream().map(String::valueOf).toList();
    }
}
