package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

class ClientAddressTests {

    private static final ClientAddress ADDRESS =
            new ClientAddress(AddressRanges.parse("p", List.of("10.0.0.0/8", "fd00::/8", "192.0.2.1")));

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "203.0.113.7 | 198.51.100.1            | 203.0.113.7",
                "10.0.0.1    | 198.51.100.1            | 198.51.100.1",
                "10.0.0.1    | 1.1.1.1, 198.51.100.1   | 198.51.100.1",
                "10.0.0.1    | 198.51.100.1, 10.2.3.4  | 198.51.100.1",
                "10.0.0.1    | 10.9.9.9, 192.0.2.1     | 10.9.9.9",
                "10.0.0.1    | example.org             | 10.0.0.1",
                "10.0.0.1    | 198.51.100.1, , 10.1.1.1| 10.1.1.1",
                "fd00::1     | 2001:db8::5             | 2001:db8:0:0:0:0:0:5",
            })
    void believesOnlyWhatATrustedProxyAdded(String peer, String forwarded, String client) throws Exception {
        assertThat(ADDRESS.of(exchange(peer, forwarded))).isEqualTo(client);
    }

    @Test
    void joinsRepeatedHeadersInOrder() throws Exception {
        assertThat(ADDRESS.of(exchange("10.0.0.1", "198.51.100.1", "198.51.100.2")))
                .isEqualTo("198.51.100.2");
    }

    @Test
    void believesNobodyByDefault() throws Exception {
        ClientAddress address = new ClientAddress(AddressRanges.parse("p", List.of()));
        assertThat(address.of(exchange("10.0.0.1", "198.51.100.1"))).isEqualTo("10.0.0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8/8", "fd00::/129", "10.0.0.0/x", "/8"})
    void refusesAMalformedRangeNamingPropertyAndExample(String range) {
        assertThatThrownBy(() -> AddressRanges.parse("sluice.client-address.trusted-proxies", List.of(range)))
                .hasMessageContaining("sluice.client-address.trusted-proxies")
                .hasMessageContaining("10.0.0.0/8");
    }

    @ParameterizedTest
    @CsvSource({
        "203.0.113.7, 203.0.113.7",
        "2001:db8:1:2:3:4:5:6, 2001:db8:1:2::/64",
        "2001:db8:1:2::9, 2001:db8:1:2::/64",
        "::1, 0:0:0:0::/64"
    })
    void tellsWhatOneSubscriberHas(String peer, String network) throws Exception {
        assertThat(ADDRESS.networkOf(exchange(peer))).isEqualTo(network);
    }

    private static MockServerWebExchange exchange(String peer, String... forwarded) throws UnknownHostException {
        return MockServerWebExchange.from(MockServerHttpRequest.get("/")
                .remoteAddress(new InetSocketAddress(InetAddress.getByName(peer), 1234))
                .header("X-Forwarded-For", forwarded));
    }
}
