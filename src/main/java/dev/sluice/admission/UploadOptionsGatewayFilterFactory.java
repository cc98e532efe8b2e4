package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.operation.Operations;
import jakarta.validation.constraints.NotBlank;
import java.util.List;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.validation.annotation.Validated;

/**
 * {@code UploadOptions=<operation>}: answers 204, telling how much the caller may store with one request, as
 * {@code Upload-Limit: max-size=<bytes>} (draft-ietf-httpbis-resumable-upload, 5.2); no such header means no limit here.
 */
final class UploadOptionsGatewayFilterFactory
        extends AbstractGatewayFilterFactory<UploadOptionsGatewayFilterFactory.Config> {

    private final Operations operations;
    private final SizeLimit sizes;

    UploadOptionsGatewayFilterFactory(Operations operations, SizeLimit sizes) {
        super(Config.class);
        this.operations = operations;
        this.sizes = sizes;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("operation");
    }

    @Override
    public GatewayFilter apply(Config config) {
        String operation = operations.get(config.operation()).name();
        return (exchange, chain) -> {
            Long limit = sizes.of(operation, Caller.ATTRIBUTE.get(exchange));
            HttpHeaders headers = exchange.getResponse().getHeaders();
            headers.set(HttpHeaders.ALLOW, "PUT, POST, DELETE, OPTIONS");
            if (limit != null) {
                headers.set("Upload-Limit", "max-size=" + limit);
            }
            exchange.getResponse().setStatusCode(HttpStatus.NO_CONTENT);
            return exchange.getResponse().setComplete();
        };
    }

    /** @param operation a configured operation */
    @Validated
    record Config(@NotBlank String operation) {}
}
