package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import org.jspecify.annotations.Nullable;

/**
 * One request as the admission sees it.
 *
 * @param userId whose limits apply: the caller's, or a key of the client's address where the route knows no caller
 * @param caller who asks; null on a route without {@code Authenticate}
 * @param operation what for, such as {@code signed-url}
 * @param claims what has to be allowed
 * @param context the request's measurements
 */
record Subject(String userId, @Nullable Caller caller, String operation, Admission claims, RequestContext context) {}
