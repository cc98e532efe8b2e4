/**
 * The user's state in Redis: what was used, what is pending, and the rolling rate windows; one Lua file per step.
 *
 * <p>Redis decides in real time, the database is the truth. {@code used = base + pending}: {@code base} is what the
 * database said at {@code version}, {@code pending} what was charged here and is not yet known to be in {@code base}. The
 * rules, and why each is needed, are in {@code docs/architecture.md}; each is searched for counter-examples by
 * {@code LedgerHuntIT} against the real scripts and the real database functions.
 *
 * <p>Knows no web types and asks no database: it is told rows. Fails with
 * {@link dev.sluice.redis.RedisUnavailableException}; whether a charge was made is then not known, and is settled by
 * repeating it in the database under the same event id.
 */
@NullMarked
package dev.sluice.ledger;

import org.jspecify.annotations.NullMarked;
