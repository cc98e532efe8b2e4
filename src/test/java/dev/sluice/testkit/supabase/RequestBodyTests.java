package dev.sluice.testkit.supabase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class RequestBodyTests {

    @Test
    void breaksOffWhenItIsClosedWhileItsSourceIsBeingAsked() {
        AtomicReference<RequestBody> read = new AtomicReference<>();
        RequestBody body = new RequestBody(Flux.<byte[]>never()
                .doFirst(() -> Objects.requireNonNull(read.get()).close()));
        read.set(body);

        assertThatThrownBy(body::read)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("broke off")
                .hasRootCauseMessage("closed");
    }

    @Test
    void givesWhatHasComeBeforeItTellsThatItIsClosed() throws IOException {
        RequestBody body = new RequestBody(Flux.just(new byte[] {1, 2}).concatWith(Flux.never()));

        assertThat(body.read()).isEqualTo(1);
        body.close();

        assertThat(body.read()).isEqualTo(2);
        assertThatThrownBy(body::read).isInstanceOf(IOException.class).hasRootCauseMessage("closed");
    }

    @Test
    void endsWithItsSourceAlsoWhenItIsClosedThen() throws IOException {
        RequestBody body = new RequestBody(Flux.just(new byte[] {1}));

        assertThat(body.read()).isEqualTo(1);
        body.close();

        assertThat(body.read()).isEqualTo(-1);
    }
}
