package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.codec.StringCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8Tests {

    private static final StringCodec LETTUCE = StringCodec.UTF8;

    /** A length that is not exact would break the protocol for all that share the connection. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "über",
                "日本語",
                "😀 and more",
                "half \uD83D of one",
                "\uDE00\uD83D",
                "nul \0 and \r\n"
            })
    void writesWhatItSaysAndWhatLettuceWould(String text) {
        ByteBuf written = Unpooled.buffer();
        ByteBuf expected = Unpooled.buffer();

        Utf8.CODEC.encodeValue(text, written);
        LETTUCE.encodeValue(text, expected);

        assertThat(written).isEqualTo(expected);
        assertThat(written.readableBytes()).isEqualTo(Utf8.CODEC.estimateSize(text));
        assertThat(Utf8.CODEC.encodeKey(text)).isEqualTo(expected.nioBuffer());
        assertThat(Utf8.CODEC.decodeValue(written.nioBuffer())).isEqualTo(LETTUCE.decodeValue(expected.nioBuffer()));
    }

    /** Each thread reads through arrays of its own that it keeps, so that one text could show through in the next. */
    @Test
    void readsEachTextByItselfWhateverWasReadBefore() {
        String longer = "ü".repeat(2000);
        for (String text : List.of("period", "id", "event", "longer than any name", longer, "", "eventful", "period")) {
            assertThat(readAsName(text)).isEqualTo(text);
            assertThat(Utf8.CODEC.decodeValue(bytes(text))).isEqualTo(text);
        }
        for (String ofSixBytes : List.of("period", "perios", "für ja", "日本", "üüü", "period")) {
            assertThat(readAsName(ofSixBytes)).isEqualTo(ofSixBytes);
        }
    }

    @Test
    void keepsANameThatComesAgain() {
        assertThat(readAsName("period")).isSameAs(readAsName("period"));
    }

    private static String readAsName(String text) {
        ByteBuffer bytes = bytes("before" + text).position("before".length());
        String name = Utf8.CODEC.decodeKey(bytes);
        assertThat(bytes.hasRemaining()).isFalse();
        return name;
    }

    private static ByteBuffer bytes(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocateDirect(utf8.length).put(utf8).flip();
    }
}
