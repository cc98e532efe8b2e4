package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.journal.UsageEvent;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatus;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;

class OutcomesTests {

    private static final Duration BUDGET = Duration.ofSeconds(100);

    private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.put("/"));
    private final List<Duration> patience = new ArrayList<>();

    @Test
    void aRefundMayUseWhatTheRequestHasNotSpentOnRedis() {
        spend(Duration.ofSeconds(60));

        fail();

        assertThat(patience).hasSize(1);
        assertThat(patience.get(0)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(40));
    }

    @Test
    void aRefundDoesNotWaitForRedisWhenTheBudgetIsUsedUp() {
        spend(Duration.ofSeconds(101));

        fail();

        assertThat(patience).containsExactly(Duration.ZERO);
    }

    private void spend(Duration time) {
        Timings timings = RequestContext.of(exchange).timings();
        timings.add(Stage.REDIS, timings.now() - time.toNanos());
    }

    private void fail() {
        Admission.of(exchange).charging(charge());
        exchange.getResponse().setStatusCode(HttpStatus.BAD_GATEWAY);
        new Outcomes(new Sink(), requests(), subjects(), new RedisBudget(BUDGET))
                .answering(exchange)
                .block(BUDGET);
    }

    private static AdmissionRequests requests() {
        return new AdmissionRequests(new DefaultLimit(null), Clock.systemUTC());
    }

    private static Subjects subjects() {
        return new Subjects(new ClientAddress(AddressRanges.parse("none", List.of())));
    }

    private static UsageEvent charge() {
        return new UsageEvent(
                "id",
                UsageEvent.Kind.CHARGE,
                "user",
                null,
                "upload",
                "supabase",
                1,
                0,
                null,
                null,
                null,
                Instant.EPOCH);
    }

    private final class Sink implements UsageSink {
        @Override
        public Mono<Void> outcome(UsageEvent outcome) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> refund(UsageEvent charge, Duration mayTake) {
            return Mono.fromRunnable(() -> patience.add(mayTake));
        }

        @Override
        public Mono<Void> charge(UsageEvent charge, Duration mayTake) {
            return Mono.empty();
        }

        @Override
        public Mono<Void> chargeToJournal(UsageEvent charge, UsageEvent inDoubt) {
            return Mono.empty();
        }

        @Override
        public boolean isFull() {
            return false;
        }
    }
}
