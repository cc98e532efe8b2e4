package dev.sluice.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorsPropertiesTests {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "https://app.example.com",
                "https://*.example.com",
                "http://localhost:3000",
                "http://[::1]:3000",
                "capacitor://localhost"
            })
    void takesOrigins(String origin) {
        assertThat(cors(origin, false).isOff()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"app.example.com", "https://app.example.com/", "https://app.example.com/x", "null", "https://a b"
            })
    void refusesWhatIsNoOriginNamingPropertyAndExample(String origin) {
        assertThatThrownBy(() -> cors(origin, false))
                .hasMessageContaining("sluice.cors.allowed-origins")
                .hasMessageContaining("https://app.example.com");
    }

    @Test
    void refusesCredentialsForEverybody() {
        assertThatThrownBy(() -> cors("*", true)).hasMessageContaining("sluice.cors.allow-credentials");
    }

    @Test
    void isOffWithoutOrigins() {
        assertThat(cors(" ", true).isOff()).isTrue();
    }

    private static CorsProperties cors(String origin, boolean credentials) {
        return new CorsProperties(List.of(origin), credentials, Duration.ofHours(1), List.of());
    }
}
