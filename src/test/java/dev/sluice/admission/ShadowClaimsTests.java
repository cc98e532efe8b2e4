package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.problem.Problem;
import dev.sluice.shadow.WouldRefuse;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

class ShadowClaimsTests {

    private static final ShadowCheck QUOTA = new ShadowCheck.Quota(false, 1, 5L, null);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final ShadowClaims claims = new ShadowClaims(new WouldRefuse(registry, System::nanoTime));
    private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));

    @Test
    void passesOverWhatCannotBeFoundOut() {
        RequestContext.of(exchange).operation("upload", plan -> null);

        add(() -> {
            throw new IllegalStateException("There is no UploadIntent");
        });
        add(() -> {
            throw Problem.invalid("field", "A filter that holds would refuse this", "hint")
                    .exception();
        });
        add(() -> null);
        add(() -> QUOTA);

        assertThat(Admission.of(exchange).shadows()).containsExactly(QUOTA);
        assertThat(registry.get("sluice.admission")
                        .tags("operation", "upload", "verdict", "shadow_failed", "source", "error")
                        .counter()
                        .count())
                .isEqualTo(2);
    }

    private void add(Supplier<@Nullable ShadowCheck> check) {
        claims.add(exchange, new Object(), check);
    }
}
