package dev.sluice.admission;

import dev.sluice.admission.BucketAccessProperties.Source;
import dev.sluice.caller.Caller;
import dev.sluice.intent.UploadBatch;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.shadow.Mode;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;

/**
 * {@code BucketAccess=<read|write>}: claims access to each bucket that the request names. In shadow mode it guards nothing, so
 * a route that needs a guard needs another.
 */
final class BucketAccessGatewayFilterFactory
        extends AbstractGatewayFilterFactory<BucketAccessGatewayFilterFactory.Config> {

    private final BucketAccessProperties properties;
    private final ShadowClaims shadows;

    BucketAccessGatewayFilterFactory(BucketAccessProperties properties, ShadowClaims shadows) {
        super(Config.class);
        this.properties = properties;
        this.shadows = shadows;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("access");
    }

    @Override
    public GatewayFilter apply(Config config) {
        OnFailure onFailure = config.onFailure() != null ? config.onFailure() : properties.onFailure();
        Source source = config.source() != null ? config.source() : properties.source();
        Object filter = new Object();
        if (config.mode() == Mode.SHADOW) {
            return (exchange, chain) -> {
                shadows.add(exchange, filter, () -> isLeftToStorage(exchange, source) ? null : check(exchange, config));
                return chain.filter(exchange);
            };
        }
        return (exchange, chain) -> {
            if (isLeftToStorage(exchange, source)) {
                return chain.filter(exchange);
            }
            Admission admission = Admission.of(exchange);
            UploadBatch.intents(exchange)
                    .forEach(intent ->
                            admission.claim(new Claim.Bucket(intent.object().bucket(), config.access(), onFailure)));
            if (UploadBatch.isPartial(exchange)) {
                admission.contentWithAnyBucket();
            }
            return chain.filter(exchange);
        };
    }

    /** Row-level security judges whoever brings a token of their own. */
    private static boolean isLeftToStorage(ServerWebExchange exchange, Source source) {
        Caller caller = Caller.ATTRIBUTE.require(exchange);
        return source == Source.CALLER && (caller.asSent() || caller.accessToken() != null);
    }

    private static ShadowCheck check(ServerWebExchange exchange, Config config) {
        List<BucketCheck> buckets = UploadBatch.intents(exchange).stream()
                .map(intent -> intent.object().bucket())
                .distinct()
                .map(bucket -> new BucketCheck(bucket, config.access().key(), null))
                .toList();
        return new ShadowCheck.Buckets(buckets, UploadBatch.isPartial(exchange));
    }

    /**
     * The filter's arguments.
     *
     * @param access what for
     * @param source overrides {@code sluice.bucket-access.source} for this route
     * @param onFailure overrides {@code sluice.bucket-access.on-failure} for this route
     * @param mode whether what it decides holds, as it does by default
     */
    @Validated
    record Config(
            @NotNull Access access,
            @Nullable Source source,
            @Nullable OnFailure onFailure,
            @Nullable Mode mode) {}
}
