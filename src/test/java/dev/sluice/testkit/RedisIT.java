package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisCommandTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RedisIT {

    @Test
    void sharesOneServerPerJvm() {
        assertThat(Redis.shared()).isSameAs(Redis.shared());
        assertThat(Redis.shared().client().ping()).isEqualTo("PONG");
    }

    @Test
    void forgetsEverythingInAKillByDefault() {
        try (Redis redis = Redis.start()) {
            int port = redis.port();
            redis.client().set("a", "1");
            redis.kill();
            redis.restart();
            assertThat(redis.port()).isEqualTo(port);
            assertThat(redis.client().get("a")).isNull();
        }
    }

    @Test
    void keepsWhatItsSettingsTellItToKeep() {
        try (Redis redis = Redis.start("appendonly yes", "appendfsync always")) {
            redis.client().set("a", "1");
            redis.kill();
            redis.restart();
            assertThat(redis.client().get("a")).isEqualTo("1");
        }
    }

    @Test
    void answersAgainOnceThawed() {
        try (Redis redis = Redis.start()) {
            redis.client().getStatefulConnection().setTimeout(Duration.ofMillis(100));
            redis.freeze();
            assertThatThrownBy(() -> redis.client().ping()).isInstanceOf(RedisCommandTimeoutException.class);
            redis.client().getStatefulConnection().setTimeout(Duration.ofSeconds(5));
            redis.thaw();
            assertThat(redis.client().ping()).isEqualTo("PONG");
        }
    }
}
