/**
 * What an operator sees and does, on the management port only.
 *
 * <p>Promises that everything but health, info, prometheus and the console's files needs the token, whatever else is exposed
 * there, and is not there while none is set. Fails in the one error form: 401 without the token, 404, 503 while Redis is away.
 */
@NullMarked
package dev.sluice.management;

import org.jspecify.annotations.NullMarked;
