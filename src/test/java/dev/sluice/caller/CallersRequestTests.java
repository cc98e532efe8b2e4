package dev.sluice.caller;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;

class CallersRequestTests {

    /** As the server has them: one name may stand in several cases. */
    @Test
    void tellsEachValueOnceInWhateverCaseItsNameStands() {
        DefaultHttpHeaders sent = new DefaultHttpHeaders();
        sent.add("Accept", "text/plain").add("accept", "image/png").add("ACCEPT", "*/*");
        sent.add("x-API-key", "secret").add("X-Api-Key", "other");
        sent.add("X-User-Id", "mallory").add("x-user-id", "eve");

        HttpHeaders told =
                new CallersRequest(request(sent), new Caller("user-1", "key-1", null, null), "sup_1").getHeaders();

        assertThat(told.getOrEmpty("Accept")).containsExactly("text/plain", "image/png", "*/*");
        assertThat(told.getOrEmpty("accept")).hasSize(3);
        assertThat(told.containsHeader("X-API-Key")).isFalse();
        assertThat(told.getOrEmpty("x-user-id")).containsExactly("user-1");
        assertThat(told.getOrEmpty("X-Api-Key-Id")).containsExactly("key-1");
        assertThat(told.getOrEmpty("X-Request-Id")).containsExactly("sup_1");
    }

    private static ServerHttpRequest request(DefaultHttpHeaders headers) {
        return new ServerHttpRequestDecorator(MockServerHttpRequest.get("/").build()) {
            @Override
            public HttpHeaders getHeaders() {
                return HttpHeaders.readOnlyHttpHeaders(new HttpHeaders(new Netty4HeadersAdapter(headers)));
            }
        };
    }
}
