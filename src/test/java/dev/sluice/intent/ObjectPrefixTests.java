package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectPrefixTests {

    @ParameterizedTest
    @CsvSource({
        "{userId}/, a.png, alice/a.png",
        "{userId}/, alice/a.png, alice/a.png",
        "{userId}/, alicent/a.png, alice/alicent/a.png",
        "{userId}/, alice, alice/alice",
        "users/{userId}/, users/bob/a.png, users/alice/users/bob/a.png",
        "shared/, a.png, shared/a.png"
    })
    void putsAFilenameBelowTheCallersFolder(String template, String filename, String path) {
        assertThat(new ObjectPrefix(template).applyTo(filename, "alice")).isEqualTo(path);
    }

    @Test
    void letsAPathBelowTheFolderPass() {
        assertThatNoException().isThrownBy(() -> new ObjectPrefix("u/{userId}/").require("u/alice/a.png", "alice"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.png", "bob/a.png", "alicent/a.png", "alice", "Alice/a.png"})
    void deniesAPathOutsideOfTheFolder(String path) {
        assertDenied(() -> new ObjectPrefix("{userId}/").require(path, "alice"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "bob/private", "../bob", "a\\b", "auth0|1", "%2e%2e", "a#b", "ä", ""})
    void deniesAUserWhoseIdIsNotAFoldersName(String userId) {
        ObjectPrefix prefix = new ObjectPrefix("{userId}/");
        assertDenied(() -> prefix.applyTo("a.png", userId));
        assertDenied(() -> prefix.require("a.png", userId));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{userId}/", "users/{userId}/", "t-{userId}.d/", "shared/"})
    void acceptsATemplateThatIsAFolder(String template) {
        assertThat(ObjectPrefix.isValid(template)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{userId}", "/", "/{userId}/", "{userId}//", "../{userId}/", "{user}/", "a b%/", "{userId}/x"})
    void refusesATemplateThatIsNot(String template) {
        assertThat(ObjectPrefix.isValid(template)).isFalse();
    }

    private static void assertDenied(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ProblemCode.BUCKET_ACCESS_DENIED));
    }
}
