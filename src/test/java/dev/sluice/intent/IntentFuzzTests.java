package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.problem.ProblemException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.MediaType;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import reactor.core.publisher.Flux;

/** Whatever a client sends is refused in our own words or becomes an intent that means one object to everybody. */
class IntentFuzzTests {

    private static final String PATTERN = "/v1/upload/{bucket}/**";
    private static final String WHOLE = "{\"filename\":\"a/b c.png\",\"contentType\":\"image/png\",\"supabaseBucket\":"
            + "\"avatars\",\"fileSize\":7,\"upsert\":true,\"expiresIn\":60,\"x\":{\"y\":[1,-2.5e3,null,\"\\u00e4\"]}}";

    private final BodyIntent body = new BodyIntent(Duration.ofSeconds(60));

    @Property(tries = 1000)
    void refusesOrUnderstandsAnyPath(@ForAll("rawPaths") String path) {
        URI sent = uri("http://edge/v1/upload/" + path);
        UploadIntent intent = sent == null ? null : fromPath(sent);
        if (intent == null) {
            return;
        }
        ObjectPath object = intent.object();
        assertUnambiguous(object);
        URI again = URI.create("http://edge/v1/upload/" + object.encoded());
        assertThat(fromPath(again)).as("what is sent is what was decided on").isEqualTo(intent);
        assertThat(object.prefixIn(again.getRawPath())).isEqualTo("/v1/upload/");
        assertThat(new ObjectPath(object.bucket(), object.path()).encoded()).isEqualTo(object.encoded());
    }

    @Property(tries = 1000)
    void decodesOnceOrNotAtAll(@ForAll("rawPaths") String segment, @ForAll String anything) {
        for (String text : new String[] {segment, anything}) {
            String decoded = PercentDecoder.decode(text);
            if (decoded == null) {
                assertThat(text)
                        .as("only escapes and what is mixed with them can be malformed")
                        .contains("%");
            } else if (text.indexOf('%') < 0) {
                assertThat(decoded).isEqualTo(text);
            } else {
                assertThat(decoded.chars().filter(c -> c == '/').count())
                        .as("no slash comes out of an escape")
                        .isEqualTo(text.chars().filter(c -> c == '/').count());
            }
        }
    }

    @Property(tries = 1000)
    void refusesOrUnderstandsAnyBytes(@ForAll byte[] bytes) {
        check(bytes);
    }

    @Property(tries = 1000)
    void refusesOrUnderstandsAMutatedBody(@ForAll("mutations") byte[] bytes) {
        check(bytes);
    }

    private void check(byte[] bytes) {
        try {
            UploadIntent intent = Objects.requireNonNull(body.read(
                            MockServerHttpRequest.post("/")
                                    .contentType(MediaType.APPLICATION_JSON)
                                    .body(Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes))),
                            filename -> filename)
                    .block());
            assertUnambiguous(intent.object());
            assertThat(intent.contentLength() == null || intent.contentLength() >= 0)
                    .isTrue();
        } catch (ProblemException refused) {
            assertThat(refused.problem().status()).isIn(400, 413);
            assertThat(Set.of("field", "limit")).anyMatch(refused.problem().fields()::containsKey);
        }
    }

    private static @Nullable UploadIntent fromPath(URI sent) {
        try {
            return PathIntent.read(
                    MockServerHttpRequest.put("/").header("Content-Length", "1").build(), PATTERN, sent);
        } catch (ProblemException refused) {
            assertThat(refused.problem().status()).isEqualTo(400);
            assertThat(refused.problem().fields()).containsKeys("field", "hint");
            return null;
        }
    }

    private static void assertUnambiguous(ObjectPath object) {
        List<String> segments = Arrays.asList(object.decoded().split("/", -1));
        assertThat(segments).hasSizeGreaterThanOrEqualTo(2).doesNotContain("", ".", "..");
        assertThat(object.bucket()).doesNotContain("/");
        assertThat(object.decoded()).matches("[\\x20-\\x7e]+").doesNotContain("\\", "%", "#");
        assertThat(object.encoded())
                .matches("(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")
                .doesNotContain("//", "%2F", "%25");
        assertThat(object.path().length()).isLessThanOrEqualTo(1024);
    }

    private static @Nullable URI uri(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            return null;
        }
    }

    /** Of the pieces from which attacks are made. */
    @Provide
    Arbitrary<String> rawPaths() {
        Arbitrary<String> piece = Arbitraries.oneOf(
                Arbitraries.of(
                        "a",
                        "b.png",
                        "avatars",
                        "/",
                        "/",
                        ".",
                        "..",
                        "%2e",
                        "%2E",
                        "%2f",
                        "%2F",
                        "%5c",
                        "\\",
                        "%00",
                        "%0a",
                        "%25",
                        "%252e",
                        ";",
                        "=",
                        "?",
                        "#",
                        "%23",
                        "%3f",
                        "+",
                        "%20",
                        " ",
                        "%c0%ae",
                        "%C3%A4",
                        "ä",
                        "%u002e",
                        "%",
                        "%2",
                        "%zz",
                        "//",
                        "/./",
                        "/../",
                        "~",
                        "*",
                        "%7e",
                        "%F0%9F%98%80",
                        "%ED%A0%80"),
                Arbitraries.strings().ofMaxLength(3));
        return piece.list().ofMinSize(1).ofMaxSize(12).map(pieces -> "b/" + String.join("", pieces));
    }

    /** A whole body in which up to five bytes were changed, put in, cut out or doubled. */
    @Provide
    Arbitrary<byte[]> mutations() {
        return Combinators.combine(Arbitraries.longs(), Arbitraries.integers().between(1, 5))
                .as(IntentFuzzTests::mutate);
    }

    private static byte[] mutate(long seed, int times) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder(WHOLE);
        List<String> hostile = List.of(
                "\0",
                "\\u0000",
                "\\ud800",
                "\u00ff",
                "1e999",
                "9".repeat(400),
                "-0",
                "{",
                "}",
                "[",
                "\"",
                ",",
                ":",
                "../",
                "//",
                "%2e",
                "\\\\",
                "NaN",
                "\"filename\":\"x\",",
                "\uFEFF",
                "[".repeat(50));
        for (int i = 0; i < times; i++) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + random.nextInt(6));
            switch (random.nextInt(4)) {
                case 0 -> text.setCharAt(at, (char) random.nextInt(256));
                case 1 -> text.insert(at, hostile.get(random.nextInt(hostile.size())));
                case 2 -> text.delete(at, Math.min(end, text.length() - 1));
                default -> text.insert(at, text.substring(at, end));
            }
        }
        return text.toString().getBytes(random.nextBoolean() ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    }
}
