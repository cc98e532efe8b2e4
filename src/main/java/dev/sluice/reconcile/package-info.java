/**
 * Compares what Redis holds with what the database says, and repairs the difference: the ledgers every five minutes, the
 * rate windows every minute, the partitions of {@code usage_events} once a day.
 *
 * <p>Promises: each job runs on one instance at a time, and its scheduled runs once per interval over all instances. It
 * reads in chunks, never everything at once, and never turns back what a settle did meanwhile. {@code pending} is never
 * written.
 *
 * <p>Failing: a missing row, a vanished key or a failed chunk never ends a run, the report says {@code partial}. While
 * Redis is away runs are skipped, with one log line each. The schedule survives every failure.
 *
 * <p>The jobs block, on threads of {@code reconcileScheduler} and nowhere else: the lock's library knows no other way.
 */
@NullMarked
package dev.sluice.reconcile;

import org.jspecify.annotations.NullMarked;
