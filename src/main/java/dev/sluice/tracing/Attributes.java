package dev.sluice.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.util.Set;

/** What spans say, in the words of OpenTelemetry's semantic conventions 1.41, and a few of ours. */
final class Attributes {

    static final AttributeKey<String> DB_SYSTEM = AttributeKey.stringKey("db.system.name");
    static final AttributeKey<String> DB_OPERATION = AttributeKey.stringKey("db.operation.name");
    static final AttributeKey<String> DB_PROCEDURE = AttributeKey.stringKey("db.stored_procedure.name");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
    static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    static final AttributeKey<String> SERVER = AttributeKey.stringKey("server.address");
    static final AttributeKey<Long> PORT = AttributeKey.longKey("server.port");
    static final AttributeKey<String> REQUEST_ID = AttributeKey.stringKey("sluice.request_id");
    static final AttributeKey<String> ROUTE = AttributeKey.stringKey("sluice.route");
    static final AttributeKey<String> OPERATION = AttributeKey.stringKey("sluice.operation");
    static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("sluice.outcome");

    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

    private Attributes() {}

    /** A client may send any word as its method. */
    static String method(String method) {
        return METHODS.contains(method) ? method : "_OTHER";
    }

    /** An answer that a client got: from 400 on it is an error of the call. */
    static void status(Span call, int status) {
        call.setAttribute(STATUS, (long) status);
        if (status >= 400) {
            call.setStatus(StatusCode.ERROR).setAttribute(ERROR_TYPE, Integer.toString(status));
        }
    }

    /** @param port -1 where it is the scheme's own */
    static void server(Span call, String host, int port) {
        call.setAttribute(SERVER, host);
        if (port > 0) {
            call.setAttribute(PORT, (long) port);
        }
    }
}
