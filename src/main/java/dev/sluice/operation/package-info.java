/**
 * What is limited by how much: operations, their rates in the process and in Redis, and the plans that override them.
 */
@NullMarked
package dev.sluice.operation;

import org.jspecify.annotations.NullMarked;
