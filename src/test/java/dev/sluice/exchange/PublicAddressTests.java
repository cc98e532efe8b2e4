package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

class PublicAddressTests {

    private static final PublicAddress ADDRESS =
            new PublicAddress(new ClientAddress(AddressRanges.parse("p", List.of("10.0.0.0/8"))));

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https | -                  | -    | -     | https://edge:8080",
                "https | files.example.com  | -    | -     | https://files.example.com",
                "https | files.example.com  | 443  | -     | https://files.example.com",
                "https | files.example.com  | 8443 | /edge | https://files.example.com:8443/edge",
                "https | [2001:db8::1]      | 8443 | -     | https://[2001:db8::1]:8443",
                "https | a.test, b.test     | -    | -     | https://b.test",
                "ftp   | evil.test/x?y      | no   | //x   | http://edge:8080"
            })
    void believesATrustedProxy(String proto, String host, String port, String prefix, String address) throws Exception {
        assertThat(ADDRESS.of(exchange("10.0.0.1", proto, host, port, prefix))).isEqualTo(address);
    }

    @Test
    void believesNobodyElse() throws Exception {
        assertThat(ADDRESS.of(exchange("203.0.113.7", "https", "evil.test", "1", "/x")))
                .isEqualTo("http://edge:8080");
    }

    @Test
    void namesNoHostThatTheClientDidNot() throws Exception {
        assertThat(ADDRESS.of(MockServerWebExchange.from(MockServerHttpRequest.get("/")
                        .remoteAddress(new InetSocketAddress(InetAddress.getByName("203.0.113.7"), 1)))))
                .isNull();
    }

    private static MockServerWebExchange exchange(String peer, String proto, String host, String port, String prefix)
            throws Exception {
        MockServerHttpRequest.BaseBuilder<?> request = MockServerHttpRequest.get("/")
                .header("Host", "edge:8080")
                .remoteAddress(new InetSocketAddress(InetAddress.getByName(peer), 1));
        put(request, "X-Forwarded-Proto", proto);
        put(request, "X-Forwarded-Host", host);
        put(request, "X-Forwarded-Port", port);
        put(request, "X-Forwarded-Prefix", prefix);
        return MockServerWebExchange.from(request.build());
    }

    private static void put(MockServerHttpRequest.BaseBuilder<?> request, String name, String value) {
        if (!value.equals("-")) {
            request.header(name, value);
        }
    }
}
