package dev.sluice.console;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RequestPredicate;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * The files of the console's page, below {@code /console/}. They hold no data. They may run nothing but themselves, ask
 * nobody but the address they came from, stand in no frame, and write no HTML from text (Trusted Types).
 */
final class ConsolePages {

    private static final String PATH = "/console";
    private static final String INDEX = "index.html";

    /** Stands in the page where the endpoints' path belongs. */
    private static final String BASE_PATH = "{basePath}";

    private static final List<String> FILES = List.of(
            INDEX,
            "console.css",
            "console.js",
            "figures.js",
            "icon.svg",
            "layers.js",
            "page.js",
            "panels.js",
            "tables.js",
            "theme.js",
            "user.js");

    private static final Map<String, MediaType> TYPES = Map.of(
            "css", type("text", "css"),
            "html", type("text", "html"),
            "js", type("text", "javascript"),
            "svg", type("image", "svg+xml"));

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
                    + " require-trusted-types-for 'script'; trusted-types 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "X-Frame-Options",
            "DENY",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Opener-Policy",
            "same-origin",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=()");

    private final Map<String, byte[]> contents = new TreeMap<>();

    /** @param basePath of the actuator, such as {@code /actuator} */
    ConsolePages(String basePath) {
        FILES.forEach(file -> contents.put(file, contents(file)));
        contents.computeIfPresent(
                INDEX,
                (file, bytes) -> new String(bytes, StandardCharsets.UTF_8)
                        .replace(BASE_PATH, basePath)
                        .getBytes(StandardCharsets.UTF_8));
    }

    RouterFunction<ServerResponse> routes() {
        return RouterFunctions.route()
                .GET(
                        PATH,
                        request -> ServerResponse.temporaryRedirect(URI.create("console/"))
                                .build())
                .route(reading(PATH + "/"), request -> answer(INDEX))
                .route(reading(PATH + "/{file}"), request -> answer(request.pathVariable("file")))
                .build();
    }

    private static RequestPredicate reading(String path) {
        return RequestPredicates.methods(HttpMethod.GET, HttpMethod.HEAD).and(RequestPredicates.path(path));
    }

    private Mono<ServerResponse> answer(String file) {
        byte[] content = contents.get(file);
        MediaType type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
        return content == null || type == null
                ? Mono.error(Problem.of(ProblemCode.NOT_FOUND).exception())
                : ServerResponse.ok()
                        .contentType(type)
                        .cacheControl(CacheControl.noCache())
                        .headers(headers -> HEADERS.forEach(headers::set))
                        .bodyValue(content);
    }

    private static byte[] contents(String file) {
        try (InputStream in = ConsolePages.class.getResourceAsStream(file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MediaType type(String type, String subtype) {
        return new MediaType(type, subtype, StandardCharsets.UTF_8);
    }
}
