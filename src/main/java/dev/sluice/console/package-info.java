/**
 * A page on the management port that shows what one cluster does, and the endpoint which has its figures.
 *
 * <p>Each instance puts what it has counted into Redis under a key of its own, every {@value
 * dev.sluice.console.InstanceReports#EVERY_SECONDS} seconds and for {@value dev.sluice.console.InstanceReports#KEPT_SECONDS}, and only
 * while a management token is set. Whichever instance is asked adds up what all have told: the page needs no Prometheus.
 *
 * <p>Promises: no user, key, bucket or path is in what is told; its size is bounded; nothing of it is on a request's way.
 * Without Redis the asked instance tells of itself alone, and says so.
 */
@NullMarked
package dev.sluice.console;

import org.jspecify.annotations.NullMarked;
