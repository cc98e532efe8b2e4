/**
 * Traces of sampled requests: one span for the request, one for each of its stages, and one for each call of Redis,
 * Supabase or a backend within them (OpenTelemetry's semantic conventions), sent by OTLP where an endpoint is set.
 *
 * <p>A request that is not sampled has no span at all. What it costs is one random number and a look for a {@code
 * traceparent} (W3C Trace Context). Spans carry no user, key, bucket, path, query or header, and no text of an error;
 * baggage is neither read nor passed on. Without an exporter nothing is sampled.
 */
@NullMarked
package dev.sluice.tracing;

import org.jspecify.annotations.NullMarked;
