package dev.sluice.exchange;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a request's head must be beyond what the codec checks, so that no two servers on the way can disagree where the
 * request ends or whom it is for (RFC 9112, 3.2, 6 and 11.2). Stricter than it must be in two points: a target with a host
 * in it is refused (3.2.2 would have it win over Host), and so is a coding beside chunked, which no client of ours sends.
 */
final class RequestHead {

    /** Narrower than RFC 3986: its sub-delimiters, such as commas, stand in no name and separate names elsewhere. */
    private static final Pattern HOST = Pattern.compile("(?:[A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+])(?::[0-9]{0,5})?");

    private static final Pattern COMMA = Pattern.compile(",");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");
    private static final Set<String> FRAMING = Set.of("content-length", "transfer-encoding", "host");
    private static final Set<String> KEPT_OPTIONS = Set.of("close", "keep-alive", "upgrade");

    private RequestHead() {}

    /** What is wrong with it, as a whole sentence; null if nothing is. */
    static @Nullable String fault(HttpRequest request) {
        HttpHeaders headers = request.headers();
        if (!HttpVersion.HTTP_1_1.equals(request.protocolVersion())
                && !HttpVersion.HTTP_1_0.equals(request.protocolVersion())) {
            return "The HTTP version is neither 1.1 nor 1.0";
        }
        if (!request.uri().startsWith("/") || request.uri().startsWith("//")) {
            return "The request's target is not a path";
        }
        String host = hostFault(request);
        return host != null ? host : framingFault(headers);
    }

    private static @Nullable String hostFault(HttpRequest request) {
        List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1) {
            return "The header Host stands more than once";
        }
        if (hosts.isEmpty()) {
            return HttpVersion.HTTP_1_1.equals(request.protocolVersion()) ? "The header Host is missing" : null;
        }
        return HOST.matcher(hosts.get(0)).matches() ? null : "The header Host is not a host's name or address";
    }

    /** A space at the beginning is what the codec makes of a folded line. */
    private static @Nullable String framingFault(HttpHeaders headers) {
        List<String> lengths = headers.getAll(HttpHeaderNames.CONTENT_LENGTH);
        List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (lengths.size() > 1
                || (lengths.size() == 1 && !LENGTH.matcher(lengths.get(0)).matches())) {
            return "Content-Length is not one number";
        }
        if (codings.size() > 1
                || (codings.size() == 1 && !HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(codings.get(0)))) {
            return "Transfer-Encoding is not chunked alone";
        }
        if (!lengths.isEmpty() && !codings.isEmpty()) {
            return "Content-Length and Transfer-Encoding exclude each other";
        }
        if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY1)) {
            return "The WebSocket protocol before RFC 6455 is not spoken, for its requests end differently";
        }
        for (String option : options(headers)) {
            if (FRAMING.contains(option)) {
                return "Connection names a header that says where the request ends or goes";
            }
        }
        return null;
    }

    /**
     * Removes the headers that {@code Connection} names, which are for the next server only (RFC 9110, 7.6.1): here, and not
     * on the way out, where the client's list would strike what Sluice has set itself. After a request of HTTP/1.0 the
     * connection ends, because the codec takes the first of several lengths there.
     */
    static void normalise(HttpRequest request) {
        HttpHeaders headers = request.headers();
        if (HttpVersion.HTTP_1_0.equals(request.protocolVersion())) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            return;
        }
        List<String> options = options(headers);
        if (KEPT_OPTIONS.containsAll(options)) {
            return;
        }
        options.stream().filter(option -> !KEPT_OPTIONS.contains(option)).forEach(headers::remove);
        List<String> kept = options.stream().filter(KEPT_OPTIONS::contains).toList();
        if (kept.isEmpty()) {
            headers.remove(HttpHeaderNames.CONNECTION);
        } else {
            headers.set(HttpHeaderNames.CONNECTION, String.join(", ", kept));
        }
    }

    private static List<String> options(HttpHeaders headers) {
        if (!headers.contains(HttpHeaderNames.CONNECTION)) {
            return List.of();
        }
        return headers.getAll(HttpHeaderNames.CONNECTION).stream()
                .flatMap(value -> COMMA.splitAsStream(value))
                .map(option -> option.strip().toLowerCase(Locale.ROOT))
                .filter(option -> !option.isEmpty())
                .toList();
    }
}
