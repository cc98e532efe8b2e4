package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.codec.StringCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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
}
