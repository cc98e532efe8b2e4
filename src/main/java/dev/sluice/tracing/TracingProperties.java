package dev.sluice.tracing;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is believed of the traces that requests belong to.
 *
 * @param trustParent whether the sampled flag of a request's {@code traceparent} decides, both ways, whether the
 *     request is traced. Only where all who reach the edge are trusted: anybody else could have every request traced
 */
@ConfigurationProperties("sluice.tracing")
record TracingProperties(@DefaultValue("false") boolean trustParent) {}
