/**
 * The rehearsal of outages: several instances as processes of their own under a mixed load, while parts of what they need,
 * and they themselves, are killed and frozen at random; afterwards the database is held against what the clients saw.
 */
@NullMarked
package dev.sluice.chaos;

import org.jspecify.annotations.NullMarked;
