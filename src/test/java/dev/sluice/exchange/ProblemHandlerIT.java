package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.BareEdge;
import org.junit.jupiter.api.Test;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;

class ProblemHandlerIT {

    @Test
    void tellsNoDetailOfABug() {
        try (BareEdge edge = BareEdge.of("http://127.0.0.1:1", "service-key")
                .route("no://op", "Path=/broken", "Broken")
                .start()) {
            WebTestClient client =
                    WebTestClient.bindToServer().baseUrl(edge.url()).build();

            String body = client.get()
                    .uri("/broken")
                    .exchange()
                    .expectStatus()
                    .isEqualTo(500)
                    .expectHeader()
                    .contentType(MediaType.APPLICATION_JSON)
                    .expectHeader()
                    .doesNotExist("Content-Encoding")
                    .expectHeader()
                    .exists("X-Request-Id")
                    .expectBody(String.class)
                    .returnResult()
                    .getResponseBody();

            assertThat(body)
                    .contains("\"success\":false", "\"code\":\"INTERNAL_ERROR\"", "\"requestId\":\"sup_")
                    .doesNotContain("internal detail", "IllegalState");
        }
    }
}
