/** Many uploads at once, and large ones, with clients and a backend that break off; a short run is a test, a long one {@code bench/uploads}. */
@NullMarked
package dev.sluice.uploads;

import org.jspecify.annotations.NullMarked;
