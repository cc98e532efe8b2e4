/**
 * The chart in {@code helm/}, rendered by Helm itself in this process and read as strictly as a cluster reads it. Whether a
 * cluster then runs it is not told by these.
 */
@NullMarked
package dev.sluice.chart;

import org.jspecify.annotations.NullMarked;
