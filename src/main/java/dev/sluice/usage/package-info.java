/**
 * The way of a usage event: recorder, stream in Redis, worker, database.
 *
 * <p>Promises: an event that was accepted is applied at least once and counts exactly once, since the database knows its
 * id; nothing is dropped when a store is slow or away, it only takes another way (Redis, else the database, else the journal
 * on disk, from which it is replayed). Does not promise an order between events, and needs none.
 *
 * <p>Failing: a request never fails for a usage event. What the database cannot take at the moment stays in the stream and
 * is tried again, 2 s to 60 s apart; what it refuses for good goes to the partition's dead-letter stream, from which
 * {@link dev.sluice.usage.DeadLetters} puts it back. Which instance works on which partition is a matter of efficiency
 * only: two on the same one do each other no harm.
 */
@NullMarked
package dev.sluice.usage;

import org.jspecify.annotations.NullMarked;
