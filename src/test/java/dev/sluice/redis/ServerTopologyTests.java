package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerTopologyTests {

    private static final RedisCommandTimeoutException UNANSWERED = new RedisCommandTimeoutException("100 ms");

    private final RedisClient client = RedisClient.create();
    private final AtomicLong nanos = new AtomicLong();
    private final ServerTopology topology = new ServerTopology(client, nanos::get);

    @AfterEach
    void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }

    @Test
    void isGoneOnceItHasAnsweredNothingForThreeSeconds() {
        assertThat(topology.isGone(UNANSWERED)).isFalse();
        pass(Duration.ofMillis(2999));
        assertThat(topology.isGone(UNANSWERED)).isFalse();
        pass(Duration.ofMillis(1));
        assertThat(topology.isGone(UNANSWERED)).isTrue();
    }

    @Test
    void isNotGoneWhileAnyAnswerComes() {
        assertThat(topology.isGone(UNANSWERED)).isFalse();
        pass(Duration.ofSeconds(2));
        assertThat(topology.isGone(new RedisCommandExecutionException("NOAUTH Authentication required.")))
                .isFalse();
        pass(Duration.ofSeconds(2));
        assertThat(topology.isGone(UNANSWERED)).isFalse();
    }

    @Test
    void leavesABrokenConnectionToLettuce() {
        assertThat(topology.isGone(new RedisException("Currently not connected. Commands are rejected.")))
                .isFalse();
    }

    /** The answers of Redis 6.2 to a script, to a command, and of Redis 7 to a script. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ERR Error running script (call to f_db8d): @user_script:1: @user_script: 1: -READONLY You can't write"
                        + " against a read only replica.",
                "READONLY You can't write against a read only replica.",
                "READONLY You can't write against a read only replica. script: db8d, on @user_script:1."
            })
    void isGoneAsAMasterWhenItAnswersReadOnly(String answer) {
        assertThat(topology.isGone(new RedisCommandExecutionException(answer))).isTrue();
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}
