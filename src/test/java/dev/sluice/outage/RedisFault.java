package dev.sluice.outage;

import dev.sluice.testkit.Link;
import dev.sluice.testkit.Redis;
import java.time.Duration;

/** The ways in which Redis fails. */
enum RedisFault {
    /** It accepts and never answers. */
    FROZEN {
        @Override
        void begin(Redis redis, Link link) {
            redis.freeze();
        }

        @Override
        void end(Redis redis, Link link) {
            redis.thaw();
        }
    },
    /** Its process is gone, and connections are refused; it keeps its data. */
    DOWN {
        @Override
        void begin(Redis redis, Link link) {
            redis.kill();
        }

        @Override
        void end(Redis redis, Link link) {
            redis.restart();
        }
    },
    /** It does what it is told, and its answers come too late. */
    SLOW {
        @Override
        void begin(Redis redis, Link link) {
            link.delay(Duration.ofMillis(1500));
        }

        @Override
        void end(Redis redis, Link link) {
            link.delay(Duration.ZERO);
        }
    };

    abstract void begin(Redis redis, Link link);

    abstract void end(Redis redis, Link link);
}
