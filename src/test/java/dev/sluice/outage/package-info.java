/** What happens while something fails, and on the way back: the failure table of the design, cell by cell, and its bounds. */
@NullMarked
package dev.sluice.outage;

import org.jspecify.annotations.NullMarked;
