package dev.sluice.admission;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How much may be on its way through at one time. Bytes are what uploads declare; what is {@code null} has no limit.
 *
 * @param maxConcurrent uploads of one user on their way, over all instances; more is 429 TOO_MANY_IN_FLIGHT. Counted in
 *     Redis, by the admission's own script; not held while that is away
 * @param maxBytesInFlight bytes, as declared, of one user on their way, over all instances; counted as those
 * @param maxConcurrentPerInstance uploads of all users in this instance
 * @param maxBytesInFlightPerInstance bytes, as declared, of all users in this instance
 * @param lease after how long the uploads of an instance that died count no more; at least 1 s
 */
@ConfigurationProperties("sluice.upload")
record InFlightProperties(
        @Nullable Long maxConcurrent,
        @Nullable DataSize maxBytesInFlight,
        @DefaultValue("1000") Long maxConcurrentPerInstance,
        @Nullable DataSize maxBytesInFlightPerInstance,
        @DefaultValue("30s") Duration lease) {

    InFlightProperties {
        atLeastOne("max-concurrent", maxConcurrent, "8");
        atLeastOne("max-concurrent-per-instance", maxConcurrentPerInstance, "500");
        atLeastOne("max-bytes-in-flight", bytes(maxBytesInFlight), "500MB");
        atLeastOne("max-bytes-in-flight-per-instance", bytes(maxBytesInFlightPerInstance), "20GB");
        if (lease.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("sluice.upload.lease must be at least 1s, for example 30s");
        }
    }

    boolean isPerUser() {
        return maxConcurrent != null || maxBytesInFlight != null;
    }

    static @Nullable Long bytes(@Nullable DataSize size) {
        return size == null ? null : size.toBytes();
    }

    private static void atLeastOne(String name, @Nullable Long value, String example) {
        if (value != null && value < 1) {
            throw new IllegalArgumentException("sluice.upload." + name + " must be at least 1, for example " + example
                    + "; leave it out for no limit");
        }
    }
}
