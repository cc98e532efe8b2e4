package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.operation.Operations;
import dev.sluice.operation.UsesOperations;
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
        extends AbstractGatewayFilterFactory<UploadOptionsGatewayFilterFactory.Config>
        implements UsesOperations<UploadOptionsGatewayFilterFactory> {

    private final Operations operations;

    UploadOptionsGatewayFilterFactory(Operations operations) {
        super(Config.class);
        this.operations = operations;
    }

    @Override
    public UploadOptionsGatewayFilterFactory with(Operations others) {
        return new UploadOptionsGatewayFilterFactory(others);
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("operation");
    }

    @Override
    public GatewayFilter apply(Config config) {
        String operation = operations.get(config.operation()).name();
        return (exchange, chain) -> {
            Caller caller = Caller.ATTRIBUTE.get(exchange);
            Long limit = operations.maxSize(operation, caller == null ? null : caller.plan());
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
