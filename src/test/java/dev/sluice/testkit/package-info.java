/**
 * The real servers that tests and the local run use: started once per JVM on free ports, stopped with it, leaving no
 * file outside {@code target/}. Where a server cannot start the test fails; none is ever skipped.
 */
@NullMarked
package dev.sluice.testkit;

import org.jspecify.annotations.NullMarked;
