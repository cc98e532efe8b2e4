package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The scan finds what it is there to find. Has secrets of its own, so that the one of the run stays quiet. */
class SecretScanTests {

    private final Secrets secrets = new Secrets();
    private final OutputScan scan = new OutputScan(secrets);
    private final ByteArrayOutputStream passedOn = new ByteArrayOutputStream();
    private final PrintStream out = scan.watch(new PrintStream(passedOn, true, StandardCharsets.UTF_8));

    @Test
    void findsASecretThatIsPrinted() {
        secrets.remember("planted-secret-1234");

        out.println("Called http://127.0.0.1/?token=planted-secret-1234&x=y");
        out.println("Called http://127.0.0.1/?token=planted-secret-123");

        assertThat(scan.takeLeaks()).containsExactly("Called http://127.0.0.1/?token=*** 19 characters ***&x=y");
        assertThat(scan.takeLeaks()).as("each is told once").isEmpty();
        assertThat(passedOn.toString(StandardCharsets.UTF_8)).contains("token=planted-secret-1234&x=y");
    }

    @Test
    void findsASecretInALineOfManyMegabytes() {
        secrets.remember("planted-secret-1234");

        for (int i = 0; i < 30; i++) {
            out.print("x".repeat(100_000));
            out.print(i == 14 ? "planted-secret-1234\n" : "\n");
        }

        assertThat(scan.takeLeaks()).hasSize(1);
    }

    @Test
    void findsATokenByItsSignature() {
        secrets.rememberToken("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLWl0");

        out.println("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLW9mLWl0");
        out.println("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.another");

        assertThat(scan.takeLeaks()).hasSize(1);
    }

    @Test
    void findsASecretInAnAnswer() {
        secrets.remember("planted-secret-1234");

        assertThatThrownBy(() -> secrets.assertNotIn("{\"error\":\"planted-secret-1234 is unknown\"}"))
                .isInstanceOf(AssertionError.class)
                .message()
                .doesNotContain("planted-secret-1234");
        assertThatCode(() -> secrets.assertNotIn("{\"error\":\"The key is unknown\"}"))
                .doesNotThrowAnyException();
    }

    /** What is logged while tests run goes through the streams that the run's scan watches. */
    @Test
    void watchesTheLogsOfThisRun() {
        assertThat(OutputScan.isWatched(System.out)).isTrue();
        assertThat(OutputScan.isWatched(System.err)).isTrue();
        PrintStream before = System.out;
        System.setOut(out);
        try {
            secrets.remember("planted-secret-1234");
            LoggerFactory.getLogger(SecretScanTests.class).error("planted-secret-1234");
        } finally {
            System.setOut(before);
        }

        assertThat(scan.takeLeaks()).hasSize(1);
    }
}
