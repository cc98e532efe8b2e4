package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class LogScopeTests {

    @AfterEach
    void forget() {
        MDC.clear();
    }

    @Test
    void givesTheThreadBackAsItWas() {
        try (LogScope outer = LogScope.of("sup_outer", null)) {
            try (LogScope inner = LogScope.of("sup_inner", null)) {
                assertThat(MDC.get("requestId")).isEqualTo("sup_inner");
            }
            assertThat(MDC.get("requestId"))
                    .as("of the request that the thread works for still")
                    .isEqualTo("sup_outer");
        }
        assertThat(MDC.get("requestId")).isNull();
    }
}
