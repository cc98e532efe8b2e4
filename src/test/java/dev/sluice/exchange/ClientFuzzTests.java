package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

/** What clients write into the headers that say where a request comes from, ends and goes. */
class ClientFuzzTests {

    private static final AddressRanges TRUSTED = AddressRanges.parse("p", List.of("10.0.0.0/8", "fd00::/8"));

    @Property(tries = 1000)
    void believesNobodyWhomNoTrustedProxyNamed(@ForAll("hops") List<String> hops, @ForAll boolean trustedPeer)
            throws UnknownHostException {
        String peer = trustedPeer ? "10.0.0.1" : "203.0.113.7";
        MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/")
                .remoteAddress(new InetSocketAddress(InetAddress.getByName(peer), 1))
                .header("X-Forwarded-For", hops.toArray(String[]::new)));

        String address = new ClientAddress(TRUSTED).of(exchange);

        assertThat(NetUtil.createInetAddressFromIpAddressString(address)).isNotNull();
        if (!trustedPeer) {
            assertThat(address).isEqualTo(peer);
        } else if (!hops.isEmpty()) {
            String[] named = String.join(",", hops).split(",");
            InetAddress last = named.length == 0
                    ? null
                    : NetUtil.createInetAddressFromIpAddressString(named[named.length - 1].strip());
            if (last == null) {
                assertThat(address).isEqualTo(peer);
            } else if (!TRUSTED.contains(last)) {
                assertThat(address).isEqualTo(last.getHostAddress());
            }
        }
    }

    @Property(tries = 1000)
    void readsOrRefusesAnyRange(@ForAll("ranges") String range) throws UnknownHostException {
        try {
            AddressRanges.parse("p", List.of(range)).contains(InetAddress.getByName("192.0.2.1"));
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageStartingWith("p: ");
        }
    }

    @Property(tries = 1000)
    void letsNoRequestPassThatCouldBeReadInTwoWays(
            @ForAll("lengths") List<String> lengths,
            @ForAll("codings") List<String> codings,
            @ForAll("hosts") List<String> hosts,
            @ForAll("options") List<String> options,
            @ForAll("targets") String target) {
        HttpRequest request = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.POST,
                target,
                DefaultHttpHeadersFactory.headersFactory().withValidation(false));
        HttpHeaders headers = request.headers();
        headers.add("Content-Length", lengths).add("Transfer-Encoding", codings).add("Host", hosts);
        headers.add("Connection", options).add("X-User-Id", "mine").add("X-Other", "kept");

        if (RequestHead.fault(request) != null) {
            return;
        }
        RequestHead.normalise(request);

        assertThat(lengths.size() + codings.size()).isLessThanOrEqualTo(1);
        assertThat(lengths).allMatch(length -> length.matches("[0-9]+"));
        assertThat(codings).allMatch(coding -> coding.equalsIgnoreCase("chunked"));
        assertThat(hosts).hasSize(1);
        assertThat(hosts.get(0)).doesNotContain("/", "@", ",", " ", "#", "?");
        assertThat(target).startsWith("/").doesNotStartWith("//");
        assertThat(headers.getAll("Content-Length")).isEqualTo(lengths);
        assertThat(headers.getAll("Transfer-Encoding")).isEqualTo(codings);
        assertThat(headers.getAll("Connection"))
                .allMatch(value -> value.matches("(?:close|keep-alive|upgrade)(?:, (?:close|keep-alive|upgrade))*"));
        assertThat(headers.get("X-Other")).isEqualTo("kept");
    }

    @Provide
    Arbitrary<List<String>> hops() {
        return Arbitraries.oneOf(
                        Arbitraries.of(
                                "198.51.100.1",
                                "10.1.1.1",
                                "fd00::5",
                                "2001:db8::1",
                                "unknown",
                                "",
                                ",",
                                " 10.2.2.2 ",
                                "198.51.100.1, 10.3.3.3",
                                "198.51.100.2:443",
                                "[2001:db8::1]",
                                "1",
                                "0x7f.1",
                                "example.org",
                                "::ffff:10.0.0.1",
                                "10.0.0.1, "),
                        Arbitraries.strings().ofMaxLength(20))
                .list()
                .ofMaxSize(4);
    }

    @Provide
    Arbitrary<String> ranges() {
        return Arbitraries.oneOf(
                Arbitraries.strings().withChars("0123456789./:abf-").ofMaxLength(20),
                Arbitraries.strings().ofMaxLength(20));
    }

    @Provide
    Arbitrary<List<String>> lengths() {
        return some("0", "5", "+5", "-1", "5,5", " 5", "0x5", "", "5 5", "99999999999999999999");
    }

    @Provide
    Arbitrary<List<String>> codings() {
        return some("chunked", "Chunked", "identity", "chunked, identity", "gzip, chunked", " chunked", "xchunked", "");
    }

    @Provide
    Arbitrary<List<String>> hosts() {
        return Arbitraries.oneOf(
                Arbitraries.just(List.of("edge")),
                some("edge:80", "[::1]:80", "a@b", "a/b", "a,b", "", "a b", "a#b", "a?b"));
    }

    @Provide
    Arbitrary<List<String>> options() {
        return some(
                "close", "keep-alive", "X-User-Id", "Content-Length", "x-nothing, close", "transfer-encoding", "Host");
    }

    @Provide
    Arbitrary<String> targets() {
        return Arbitraries.of("/", "/a", "//a", "http://a/", "*", "a", "", "/a?b");
    }

    private static Arbitrary<List<String>> some(String... values) {
        return Arbitraries.of(values).list().ofMaxSize(2);
    }
}
