/**
 * The usage event, and the events on disk for as long as neither Redis nor the database takes them.
 *
 * <p>Promises: what {@link dev.sluice.journal.Journal#append} has completed for is read again after {@code kill -9} or a
 * power cut, in order, until it is confirmed. It may be read more than once. Nothing is dropped: what does not fit, or what
 * the disk does not take, is a log line {@code usage-event <json>}, counted by {@code sluice.journal.overflowed}.
 *
 * <p>Failing: a directory that is not writable or that another instance uses stops the start. A write that was cut off is
 * cut from its file at the next start. A damaged file is read around the damage and set aside.
 */
@NullMarked
package dev.sluice.journal;

import org.jspecify.annotations.NullMarked;
