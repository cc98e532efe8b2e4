package dev.sluice.ledger;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an admission charges to the quota.
 *
 * @param eventId a UUIDv7, minted before the first attempt and kept through all of them
 * @param eventJson the usage event without {@code periodEndsAt}, which only the ledger knows
 * @param amount requests, 0 to 2^53-1
 * @param bytes bytes, 0 to 2^53-1
 * @param defaultLimit requests allowed to a user whose row sets no limit; null refuses them
 * @param repeatableFor for how long the same event may come again, and is then paid for; null for never
 */
public record Charge(
        String eventId,
        String eventJson,
        long amount,
        long bytes,
        @Nullable Long defaultLimit,
        @Nullable Duration repeatableFor) {

    public Charge(String eventId, String eventJson, long amount, long bytes, @Nullable Long defaultLimit) {
        this(eventId, eventJson, amount, bytes, defaultLimit, null);
    }
}
