package dev.sluice.operation;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What is limited by how much.
 *
 * @param operations limits by the operation's name
 * @param plans overrides by the plan's name
 */
@ConfigurationProperties("sluice")
public record OperationProperties(
        @DefaultValue Map<String, Limits> operations,
        @DefaultValue Map<String, Plan> plans) {

    /**
     * The limits of one operation; one that is absent keeps what is configured elsewhere.
     *
     * @param memory per user and instance, for example {@code 100/1m}
     * @param redis per user over all instances, for example {@code 10/1s, 200/1m}
     * @param maxSize of what one request stores, for example {@code 50MB}; more is refused from its headers
     */
    public record Limits(
            @Nullable Rate memory,
            @Nullable List<Rate> redis,
            @Nullable DataSize maxSize) {

        boolean isEmpty() {
            return memory == null && (redis == null || redis.isEmpty()) && maxSize == null;
        }

        /** These limits, with those of {@code other} where these are absent. */
        Limits orElse(Limits other) {
            return new Limits(
                    memory != null ? memory : other.memory,
                    redis != null && !redis.isEmpty() ? redis : other.redis,
                    maxSize != null ? maxSize : other.maxSize);
        }
    }

    /**
     * The limits that a plan overrides.
     *
     * @param operations limits by the operation's name
     */
    public record Plan(@DefaultValue Map<String, Limits> operations) {}
}
