package dev.sluice.uploads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A short run of {@code bench/uploads}, and what needs an instance of its own. */
class UploadsIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    @Test
    void losesNoByteAndKeepsNoMemory() throws Exception {
        Uploads.Report report = Uploads.run(new Uploads.Plan(new Random().nextInt(1_000_000), 36, 1, 0));

        assertThat(report.violations()).as("%s", report).isEmpty();
        assertThat(report.outcomes()).containsKeys("stored", "client broke off", "backend broke off");
    }

    /** The heap has 192 MiB. */
    @Test
    void streamsMoreThanTheHeapHoldsAndHoldsNobodyUpOnceItDied() throws Exception {
        try (SinkBackend backend = SinkBackend.start();
                Stack stack = Stack.start(
                        Redis.start(),
                        "SLUICE_UPLOAD_BACKEND",
                        backend.url(),
                        "sluice.upload.max-concurrent",
                        "1",
                        "sluice.upload.lease",
                        "3s",
                        "sluice.operations.upload.memory",
                        "10000/1m",
                        "sluice.operations.upload.redis",
                        "10000/1m");
                EdgeProcess dying = EdgeProcess.start(
                        stack.redis(),
                        stack.supabase(),
                        "SLUICE_UPLOAD_BACKEND",
                        backend.url(),
                        "sluice.upload.max-concurrent",
                        "1",
                        "sluice.upload.lease",
                        "3s",
                        "sluice.operations.upload.memory",
                        "10000/1m",
                        "sluice.operations.upload.redis",
                        "10000/1m")) {
            passesOnWhatTheBackendAnswersEarly(stack);
            String key = stack.user("user", 100);
            int length = 224 * 1024 * 1024;
            dying.awaitReady();
            Sender.Sent large = Sender.send(dying.port(), key, "ok-large", length, length, 7);
            assertThat(large.answer()).startsWith("HTTP/1.1 200");
            assertThat(backend.received().get("ok-large"))
                    .isEqualTo(new SinkBackend.Received(length, length, large.crc()));

            try (DepartingClient held = DepartingClient.connect(dying.port())) {
                held.send(head(key, "ok-held", 10)).send(new byte[5]);
                await().atMost(SOON)
                        .until(() -> Sender.send(stack.edge().port(), key, "ok-other", 5, 5, 1)
                                .answer()
                                .startsWith("HTTP/1.1 429"));
                dying.kill();
                await().atMost(SOON)
                        .until(() -> Sender.send(stack.edge().port(), key, "ok-other", 5, 5, 1)
                                .isStored());
            }
        }
    }

    private static void passesOnWhatTheBackendAnswersEarly(Stack stack) {
        String key = stack.user("early", 100);
        int length = 32 * 1024 * 1024;
        try (ByteClient client = ByteClient.connect(stack.edge().port())) {
            client.send(head(key, "early-answer", length));
            client.send(new byte[100_000]);
            ByteClient.Answer answer = client.rest();

            assertThat(answer.status())
                    .as("its answer, or that it closed: %s", answer.text())
                    .isIn(200, 502);
            assertThat(answer.header("Connection")).isEqualTo("close");
        }
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(stack.current("early")).isEqualTo(1);
            assertThat(stack.database().number("select bytes_current from user_quotas where user_id = 'early'"))
                    .as("what did not pass is given back")
                    .isLessThanOrEqualTo(100_000);
        });
    }

    private static String head(String key, String name, int length) {
        return "PUT /v1/upload/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Type: image/png\r\nContent-Length: " + length + "\r\n\r\n";
    }
}
