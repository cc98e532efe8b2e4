package dev.sluice.storage;

import dev.sluice.exchange.PublicAddress;
import dev.sluice.intent.Resumable;
import java.net.URI;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * Makes the {@code Location} of a resumable upload one of the edge. Storage makes it of whatever it takes for its own
 * address, and clients send every byte of the upload there.
 */
final class Locations {

    private static final Logger log = LoggerFactory.getLogger(Locations.class);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]+");

    private final PublicAddress addresses;

    Locations(PublicAddress addresses) {
        this.addresses = addresses;
    }

    /**
     * Relative for a client that named no host. An address without an id is taken off: it cannot be followed here.
     *
     * @return the id of the upload that began; null if none did, or none that can be followed
     */
    @Nullable String rewrite(ServerWebExchange exchange) {
        HttpHeaders headers = exchange.getResponse().getHeaders();
        String sent = headers.getFirst(HttpHeaders.LOCATION);
        if (sent == null) {
            return null;
        }
        String id = id(sent);
        if (id == null) {
            log.warn("Storage gave a resumable upload an address without an id; the client is not told it");
            headers.remove(HttpHeaders.LOCATION);
            return null;
        }
        String address = addresses.of(exchange);
        String path = Resumable.ATTRIBUTE.require(exchange).path();
        headers.set(HttpHeaders.LOCATION, (address == null ? "" : address) + path + "/" + id);
        return id;
    }

    private static @Nullable String id(String location) {
        try {
            String path = URI.create(location).getRawPath();
            String id = path == null ? "" : path.substring(path.lastIndexOf('/') + 1);
            return ID.matcher(id).matches() ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
