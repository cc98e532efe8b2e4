/**
 * What is limited by how much: operations, their rates in the process and in Redis, and the plans that override them.
 *
 * <p>Whatever is asked here was checked before: an operation without limits, a plan for an operation that does not exist, or
 * a rate that cannot be read stops the start, or has a changed file refused, and names the property. There is no
 * "unlimited".
 */
@NullMarked
package dev.sluice.operation;

import org.jspecify.annotations.NullMarked;
