package dev.sluice.signedurl;

import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;

/**
 * {@code SupabaseSignedUrl=upload|download}: answers with a signed URL for the object of the {@code UploadIntent}, which must
 * stand before it. Runs after the admission wherever it stands on the route, and never calls the rest of the chain.
 */
public final class SupabaseSignedUrlGatewayFilterFactory
        extends AbstractGatewayFilterFactory<SupabaseSignedUrlGatewayFilterFactory.Config> {

    /** @param access the filter's only argument */
    @Validated
    public record Config(
            @NotNull(message = "SupabaseSignedUrl needs upload or download, for example SupabaseSignedUrl=upload") Access access) {}

    private final SignedUrls signedUrls;

    SupabaseSignedUrlGatewayFilterFactory(SignedUrls signedUrls) {
        super(Config.class);
        this.signedUrls = signedUrls;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("access");
    }

    @Override
    public GatewayFilter apply(Config config) {
        return new SignedUrlFilter(config.access(), signedUrls);
    }
}
