package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectPathTests {

    private static final String ALPHABET =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_!.*'() &$=@;:+,?-";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../other/secret",
                "..",
                ".",
                "a/../b",
                "a/..",
                "./a",
                "a/./b",
                "%2e%2e/secret",
                "a%2fb",
                "100%",
                "a//b",
                "/a",
                "a/",
                "a\\b",
                "..\\secret",
                "a.txt#frag",
                "a\u0000b",
                "a\nb",
                "a\u007fb",
                "ä.txt",
                "a\u2044b",
                "a\uFF0Fb",
                "\uD800",
                "a|b",
                "a~b",
                "a\"b",
                "a<b",
                "a[b]",
                "a{b}",
                "a^b",
                "a`b",
                ""
            })
    void refusesPathsThatCouldNameAnotherObject(String path) {
        assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPath("avatars", path));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../auth/v1/admin",
                "..",
                ".",
                "a/b",
                "/a",
                "a/",
                "%2e%2e",
                "a%2fb",
                "a\\b",
                "a#b",
                "a\u0000",
                "ü",
                " ",
                ""
            })
    void refusesBucketsThatAreNotAnId(String bucket) {
        assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPath(bucket, "a.png"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.png",
                "a/b.png",
                "...",
                "a/..b/c..",
                ".hidden/x",
                "a b/c d.txt",
                "what?.txt",
                "v=1;w,x+y@z:$&'()*!-_"
            })
    void acceptsWhatStorageAccepts(String path) {
        assertThat(new ObjectPath("user-files", path).path()).isEqualTo(path);
    }

    @Test
    void acceptsTheLongestPathAndBucketAndNothingLonger() {
        String path = "a".repeat(1024);
        String bucket = "b".repeat(100);
        assertThat(new ObjectPath(bucket, path).decoded()).hasSize(1125);
        assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPath("b", path + "a"));
        assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPath(bucket + "b", "a"));
    }

    @ParameterizedTest
    @CsvSource({
        "avatars, a/b.png, avatars/a/b.png",
        "my bucket, a b?.txt, my%20bucket/a%20b%3F.txt",
        "b, x;y=z+1&2, b/x%3By%3Dz%2B1%262",
        "b, -_., b/-_."
    })
    void encodesEverythingThatAServerCouldInterpret(String bucket, String path, String encoded) {
        assertThat(new ObjectPath(bucket, path).encoded()).isEqualTo(encoded);
    }

    @Property(tries = 500)
    void whatIsEncodedDecodesToTheSameObjectForEverybody(@ForAll("paths") String path, @ForAll("names") String bucket) {
        ObjectPath object = new ObjectPath(bucket, path);

        URI url = URI.create("http://storage/object/" + object.encoded());

        assertThat(url.getPath()).isEqualTo("/object/" + object.decoded());
        assertThat(url.normalize()).isEqualTo(url);
        assertThat(object.prefixIn(url.getRawPath())).isEqualTo("/object/");
    }

    @Property(tries = 1000)
    void anyTextIsRefusedOrStaysInItsBucket(@ForAll String text) {
        Violation violation = KeyRules.path(text);
        if (violation == null) {
            URI url = URI.create("http://storage/object/b/").resolve(new ObjectPath("b", text).encoded());
            assertThat(url.normalize().getPath()).isEqualTo("/object/b/b/" + text);
        } else {
            assertThatIllegalArgumentException().isThrownBy(() -> new ObjectPath("b", text));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/storage/v1/object/b/x%20y/z.txt",
                "/storage/v1/object/b/%78%20y/z%2Etxt",
                "/storage/v1/object/%62/x%20y/z.txt"
            })
    void findsItselfInAnEquivalentSpelling(String rawPath) {
        assertThat(new ObjectPath("b", "x y/z.txt").prefixIn(rawPath)).isEqualTo("/storage/v1/object/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/storage/v1/object/b/x%20y%2Fz.txt",
                "/storage/v1/object/b/x%2520y/z.txt",
                "/storage/v1/object/c/x%20y/z.txt",
                "/storage/v1/object/ab/x%20y/z.txt",
                "/storage/v1/object/b/x%20y/z.txt/",
                "/storage/v1/object/b/x%20y/z.txt;v=1",
                "/storage/v1/object/b//x%20y/z.txt",
                "/storage/v1/object/b/x+y/z.txt",
                "/z.txt",
                "",
                "b/x%20y/z.txt"
            })
    void doesNotFindItselfInAnotherObjectsPath(String rawPath) {
        assertThat(new ObjectPath("b", "x y/z.txt").prefixIn(rawPath)).isNull();
    }

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.strings()
                .withChars(ALPHABET.toCharArray())
                .ofMinLength(1)
                .ofMaxLength(20)
                .filter(name -> !name.isBlank() && !name.equals(".") && !name.equals(".."));
    }

    @Provide
    Arbitrary<String> paths() {
        return names().array(String[].class)
                .ofMinSize(1)
                .ofMaxSize(6)
                .map(names -> String.join("/", Arrays.asList(names)));
    }
}
