package dev.sluice.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.Stage;
import dev.sluice.operation.OperationProperties;
import dev.sluice.operation.OperationProperties.Limits;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import dev.sluice.shadow.Mode;
import dev.sluice.shadow.WouldRefuse;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class MemoryGuardTests {

    private static final Rate THREE = Rate.parse("3/1m");

    private final AtomicLong now = new AtomicLong();
    private final AtomicInteger passed = new AtomicInteger();
    private final MemoryGuard guard = new MemoryGuard(100, now::get);
    private final ShadowGuard shadows = new ShadowGuard(100, now::get);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Operations operations = new Operations(new OperationProperties(
            Map.of(
                    "upload", new Limits(THREE, List.of(Rate.parse("5/1m")), null),
                    "delete", new Limits(THREE, List.of(Rate.parse("5/1m")), null)),
            Map.of("pro", new OperationProperties.Plan(Map.of("upload", new Limits(Rate.parse("4/1m"), null, null))))));
    private final MemoryGuardGatewayFilterFactory factory = new MemoryGuardGatewayFilterFactory(
            guard,
            shadows,
            new WouldRefuse(registry, now::get),
            operations,
            new ClientAddress(AddressRanges.parse("p", List.of("10.0.0.1"))));

    @Test
    void refusesPastTheLimitAndSaysWhenToComeBack() {
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(filter("upload", exchange("u", null))).verifyComplete();
        }
        now.addAndGet(10_000_000_001L);
        MockServerWebExchange fourth = exchange("u", null);
        StepVerifier.create(filter("upload", fourth)).verifyErrorSatisfies(error -> {
            Problem problem = ((ProblemException) error).problem();
            assertThat(problem.code()).isEqualTo(ProblemCode.RATE_LIMIT_MEMORY);
            assertThat(problem.status()).isEqualTo(429);
            assertThat(problem.fields())
                    .containsEntry("limit", 3L)
                    .containsEntry("remaining", 0)
                    .containsEntry("resetIn", 53_000L);
            assertThat(problem.headers()).containsEntry("Retry-After", "53");
        });
        assertThat(passed).hasValue(3);
        assertThat(RequestContext.of(fourth).operation()).isEqualTo("upload");
        assertThat(RequestContext.of(fourth).timings().entered(Stage.MEMORY)).isTrue();
        now.addAndGet(53_000_000_000L);
        StepVerifier.create(filter("upload", exchange("u", null))).verifyComplete();
    }

    @Test
    void countsEachUserAndOperationApart() {
        exhaust("upload", exchange("a", null));
        StepVerifier.create(filter("upload", exchange("a:b", null))).verifyComplete();
        StepVerifier.create(filter("upload", exchange("b", null))).verifyComplete();
        StepVerifier.create(filter("delete", exchange("a", null))).verifyComplete();
    }

    @Test
    void letsThePlanDecideTheLimit() {
        for (int i = 0; i < 4; i++) {
            StepVerifier.create(filter("upload", exchange("u", "pro"))).verifyComplete();
        }
        StepVerifier.create(filter("upload", exchange("u", "pro"))).verifyError(ProblemException.class);
    }

    @Test
    void countsAnonymousCallersByTheirAddress() {
        exhaust("upload", anonymous("203.0.113.7", "198.51.100.1"));
        StepVerifier.create(filter("upload", anonymous("203.0.113.7", "198.51.100.2")))
                .verifyError(ProblemException.class);
        StepVerifier.create(filter("upload", anonymous("203.0.113.8", "198.51.100.1")))
                .verifyComplete();
        exhaust("upload", anonymous("10.0.0.1", "198.51.100.1"));
        StepVerifier.create(filter("upload", anonymous("10.0.0.1", "198.51.100.2")))
                .verifyComplete();
    }

    @Test
    void neverTakesAUserForAnAddress() {
        exhaust("upload", anonymous("203.0.113.7", ""));
        StepVerifier.create(filter("upload", exchange("203.0.113.7", null))).verifyComplete();
    }

    @Test
    void stopsTheStartOnAnUnknownOperation() {
        assertThatThrownBy(() -> factory.apply(new MemoryGuardGatewayFilterFactory.Config("uplaod", null, null, null)))
                .hasMessageContaining("known: delete, upload");
    }

    @Test
    void evictsWhenItIsFullAndNeverFails() {
        MemoryGuard small = new MemoryGuard(50, now::get);
        IntStream.range(0, 20_000)
                .parallel()
                .forEach(i -> assertThat(small.attempt(new Subject.User("u" + i), "upload", THREE, 1)
                                .admitted())
                        .isTrue());
        assertThat(small.entries()).isLessThanOrEqualTo(50);
    }

    @Test
    void admitsExactlyTheLimitOfManyThreads() {
        Rate rate = Rate.parse("500/1m");
        long admitted = IntStream.range(0, 4_000)
                .parallel()
                .filter(i ->
                        guard.attempt(new Subject.User("u"), "upload", rate, 1).admitted())
                .count();
        assertThat(admitted).isEqualTo(500);
    }

    @Test
    void countsTheRestOfABatchOnceItIsKnown() {
        MockServerWebExchange batch = exchange("u", null);
        StepVerifier.create(filter("upload", batch)).verifyComplete();
        RequestContext.of(batch).cost(3);
        GatewayFilter rest = factory.apply(new MemoryGuardGatewayFilterFactory.Config(
                "upload", MemoryGuardGatewayFilterFactory.Count.REST, null, null));

        StepVerifier.create(rest.filter(batch, same -> Mono.empty())).verifyComplete();

        StepVerifier.create(filter("upload", exchange("u", null))).verifyError(ProblemException.class);
    }

    @Test
    void letsPassInShadowWhatItCountsAsRefused() {
        MockServerWebExchange exchange = exchange("u", null);
        for (int i = 0; i < 5; i++) {
            StepVerifier.create(inShadow(null, exchange)).verifyComplete();
        }

        assertThat(passed).hasValue(5);
        assertThat(wouldRefuse()).isEqualTo(2);
        assertThat(guard.entries()).isZero();
        assertThat(RequestContext.of(exchange).operation()).isEqualTo("upload");
        assertThat(RequestContext.of(exchange).timings().entered(Stage.MEMORY)).isFalse();
        exhaust("upload", exchange("u", null));
    }

    @Test
    void countsEachCandidateByWhatItWouldHaveLetPass() {
        for (int i = 0; i < 10; i++) {
            StepVerifier.create(inShadow(Rate.parse("4/1m"), exchange("u", null)))
                    .verifyComplete();
            StepVerifier.create(inShadow(Rate.parse("6/1m"), exchange("u", null)))
                    .verifyComplete();
        }
        assertThat(wouldRefuse()).isEqualTo(6 + 4);

        now.addAndGet(63_000_000_000L);
        StepVerifier.create(inShadow(Rate.parse("4/1m"), exchange("u", null))).verifyComplete();
        assertThat(wouldRefuse()).isEqualTo(10);
    }

    @Test
    void wouldRefuseABatchThatCanNeverFit() {
        MockServerWebExchange batch = exchange("u", null);
        RequestContext.of(batch).cost(5);

        StepVerifier.create(inShadow(null, batch)).verifyComplete();

        assertThat(wouldRefuse()).isEqualTo(1);
        assertThat(shadows.entries()).isZero();
    }

    @Test
    void passesWhereTheShadowIsBroken() {
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public MeterFilterReply accept(Meter.Id id) {
                if ("would_refuse".equals(id.getTag("verdict"))) {
                    throw new IllegalStateException("broken");
                }
                return MeterFilterReply.NEUTRAL;
            }
        });
        for (int i = 0; i < 2; i++) {
            StepVerifier.create(inShadow(Rate.parse("1/1m"), exchange("u", null)))
                    .verifyComplete();
        }

        assertThat(passed).hasValue(2);
        assertThat(registry.get("sluice.admission")
                        .tags("verdict", "shadow_failed", "source", "error")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    private Mono<Void> inShadow(@Nullable Rate candidate, MockServerWebExchange exchange) {
        GatewayFilter filter =
                factory.apply(new MemoryGuardGatewayFilterFactory.Config("upload", null, Mode.SHADOW, candidate));
        return filter.filter(exchange, same -> Mono.fromRunnable(passed::incrementAndGet));
    }

    private double wouldRefuse() {
        return registry.get("sluice.admission")
                .tags("operation", "upload", "verdict", "would_refuse", "source", "memory")
                .counter()
                .count();
    }

    private void exhaust(String operation, MockServerWebExchange exchange) {
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(filter(operation, exchange)).verifyComplete();
        }
        StepVerifier.create(filter(operation, exchange)).verifyError(ProblemException.class);
    }

    private Mono<Void> filter(String operation, MockServerWebExchange exchange) {
        GatewayFilter filter = factory.apply(new MemoryGuardGatewayFilterFactory.Config(operation, null, null, null));
        return filter.filter(exchange, same -> Mono.fromRunnable(passed::incrementAndGet));
    }

    private static MockServerWebExchange exchange(String userId, @Nullable String plan) {
        MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/"));
        Caller.ATTRIBUTE.set(exchange, new Caller(userId, null, plan, null));
        return exchange;
    }

    private static MockServerWebExchange anonymous(String peer, String forwarded) {
        return MockServerWebExchange.from(MockServerHttpRequest.get("/")
                .remoteAddress(new InetSocketAddress(peer, 1234))
                .header("X-Forwarded-For", forwarded));
    }
}
