package dev.sluice.intent;

import dev.sluice.exchange.Attribute;
import dev.sluice.problem.Problem;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * Several uploads that are asked for together.
 *
 * @param items 1 to 100, in the order in which they were asked for, at least one of them {@link Item.Asked}
 * @param partial whether an item that cannot be served leaves the others alone; else all are served, or none
 */
public record UploadBatch(List<Item> items, boolean partial) {

    /** Set by the {@code UploadIntent} filter. */
    public static final Attribute<UploadBatch> ATTRIBUTE = Attribute.of(UploadBatch.class);

    public UploadBatch {
        items = List.copyOf(items);
    }

    /** One of the batch. */
    public sealed interface Item {

        /** It can be decided on. */
        record Asked(UploadIntent intent) implements Item {}

        /** It cannot be asked for; only in a partial batch. */
        record Refused(Problem problem) implements Item {}
    }

    /** What can be decided on, in its order. */
    public List<UploadIntent> asked() {
        return items.stream()
                .filter(Item.Asked.class::isInstance)
                .map(item -> ((Item.Asked) item).intent())
                .toList();
    }

    /** What the request asks for: the batch's intents, or the one of a request that is none. */
    public static List<UploadIntent> intents(ServerWebExchange exchange) {
        UploadBatch batch = ATTRIBUTE.get(exchange);
        return batch == null ? List.of(UploadIntent.ATTRIBUTE.require(exchange)) : batch.asked();
    }

    /** The sizes that the request declares, together; 0 for a request that asks for no upload. */
    public static long declaredBytes(ServerWebExchange exchange) {
        UploadBatch batch = ATTRIBUTE.get(exchange);
        UploadIntent single = UploadIntent.ATTRIBUTE.get(exchange);
        return batch != null
                ? batch.asked().stream().mapToLong(UploadIntent::declaredBytes).sum()
                : single == null ? 0 : single.declaredBytes();
    }

    /** What declares the most bytes of all that the request asks for; null for a request that asks for no upload. */
    public static @Nullable UploadIntent largest(ServerWebExchange exchange) {
        UploadBatch batch = ATTRIBUTE.get(exchange);
        return batch == null
                ? UploadIntent.ATTRIBUTE.get(exchange)
                : batch.asked().stream()
                        .max(Comparator.comparingLong(UploadIntent::declaredBytes))
                        .orElse(null);
    }

    /** Whether the request is a batch that is content with a part. */
    public static boolean isPartial(ServerWebExchange exchange) {
        UploadBatch batch = ATTRIBUTE.get(exchange);
        return batch != null && batch.partial();
    }
}
