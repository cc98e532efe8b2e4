/**
 * What Sluice knows of one request while it is under way: its id, its typed attributes, the measured time of each stage
 * and the rate limits that were evaluated; and how they reach the response, the log and the metrics.
 */
@NullMarked
package dev.sluice.exchange;

import org.jspecify.annotations.NullMarked;
