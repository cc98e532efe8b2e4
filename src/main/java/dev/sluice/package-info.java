/** Starts Sluice; everything else lives in a package per capability. */
@NullMarked
package dev.sluice;

import org.jspecify.annotations.NullMarked;
