package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.sluice.intent.Resumable.Step;
import dev.sluice.problem.ProblemException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;

class ResumableIntentTests {

    private static final String PATH = "/storage/v1/upload/resumable";
    private static final String METADATA = "bucketName " + base64("open") + ",objectName " + base64("tus/a b.bin")
            + ",contentType " + base64("text/plain") + ",isDraft,metadata " + base64("{}");

    @Test
    void readsTheWholeUploadThatBegins() {
        UploadIntent intent = creation("1048576", METADATA);

        assertThat(intent)
                .isEqualTo(
                        new UploadIntent(new ObjectPath("open", "tus/a b.bin"), "text/plain", 1_048_576L, false, null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bucketName b3Blbg==",
                "objectName YQ==",
                "bucketName b3Blbg==,objectName YQ==,objectName Yg==",
                "bucketName b3Blbg==,,objectName YQ==",
                "bucketName b3Blbg==,objectName  YQ==",
                "bucketName b3Blbg==,objectName Y!==",
                "bucketName b3Blbg==,objectName wK8=",
                "bucketName b3Blbg==,objectName Li4veA==",
                "bucketName b3Blbg==,objectName L2E=",
                "bucketName Li4=,objectName YQ=="
            })
    void refusesMetadataThatDoesNotNameOneObject(String metadata) {
        assertThat(refusal(() -> creation("5", metadata))).isEqualTo(400);
    }

    @ParameterizedTest
    @CsvSource({"x, 400", "-1, 400", "+1, 400", "1.5, 400", "9999999999999999, 400"})
    void refusesALengthThatIsNone(String length, int status) {
        assertThat(refusal(() -> creation(length, METADATA))).isEqualTo(status);
    }

    @Test
    void refusesAnUploadThatDoesNotSayItsSize() {
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.post(PATH)
                                .header("Upload-Defer-Length", "1")
                                .header("Upload-Metadata", METADATA)
                                .build(),
                        Step.CREATE)))
                .isEqualTo(411);
    }

    @Test
    void refusesABeginningThatIsLongerThanTheWhole() {
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.post(PATH)
                                .header("Upload-Length", "5")
                                .header("Upload-Metadata", METADATA)
                                .header("Content-Length", "6")
                                .build(),
                        Step.CREATE)))
                .isEqualTo(413);
    }

    @Test
    void refusesARepeatedHeader() {
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.post(PATH)
                                .header("Upload-Length", "5", "6")
                                .header("Upload-Metadata", METADATA)
                                .build(),
                        Step.CREATE)))
                .isEqualTo(400);
    }

    @Test
    void readsTheUploadThatExistsFromItsAddress() {
        UploadIntent intent = part("open/tus/signed.bin/d5f82b98-793c-4071-9606-c3de0347e91e");

        assertThat(intent.object()).isEqualTo(new ObjectPath("open", "tus/signed.bin"));
        assertThat(intent.contentLength()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"open/version", "open", "/a/v", "open//v", "open/../x/v", "open/a/../b/v", "open/a\u0000/v"})
    void refusesAnAddressThatNamesNoObject(String named) {
        assertThat(refusal(() -> part(named))).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"b3Blbi9hL3Y=", "b3Blbi9hL3", "%62", "", "b3Blbi9hL3Z"})
    void refusesASecondSpellingOfAnAddress(String id) {
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.patch(PATH + "/" + id)
                                .header("Content-Length", "7")
                                .build(),
                        Step.APPEND)))
                .isEqualTo(400);
    }

    @Test
    void refusesAPartWithoutItsSizeAndAnotherMethodThanItsOwn() {
        String id = id("open/a/v");
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.patch(PATH + "/" + id).build(), Step.APPEND)))
                .isEqualTo(411);
        assertThat(refusal(() -> ResumableIntent.read(
                        MockServerHttpRequest.patch(PATH + "/" + id)
                                .header("Content-Length", "7")
                                .header("X-HTTP-Method-Override", "POST")
                                .build(),
                        Step.APPEND)))
                .isEqualTo(400);
    }

    private static UploadIntent creation(String length, String metadata) {
        return ResumableIntent.read(
                MockServerHttpRequest.post(PATH)
                        .header("Upload-Length", length)
                        .header("Upload-Metadata", metadata)
                        .build(),
                Step.CREATE);
    }

    private static UploadIntent part(String named) {
        return ResumableIntent.read(
                MockServerHttpRequest.patch(PATH + "/" + id(named))
                        .header("Content-Length", "7")
                        .build(),
                Step.APPEND);
    }

    private static String id(String named) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(named.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static int refusal(Runnable reading) {
        return catchThrowableOfType(ProblemException.class, reading::run)
                .problem()
                .status();
    }
}
