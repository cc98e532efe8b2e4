package dev.sluice.redis;

import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.ToByteBufEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values as UTF-8 text. It knows beforehand how long each is, so that Lettuce writes it straight into its command;
 * with Lettuce's own codec each goes into a direct buffer of its own first, which costs more than all else that is done to a
 * command.
 */
final class Utf8 implements RedisCodec<String, String>, ToByteBufEncoder<String, String> {

    static final Utf8 CODEC = new Utf8();

    private static final FastThreadLocal<Reading> READING = new FastThreadLocal<>() {
        @Override
        protected Reading initialValue() {
            return new Reading();
        }
    };

    private Utf8() {}

    @Override
    public String decodeKey(ByteBuffer bytes) {
        return READING.get().name(bytes);
    }

    @Override
    public String decodeValue(ByteBuffer bytes) {
        return READING.get().text(bytes);
    }

    @Override
    public ByteBuffer encodeKey(String key) {
        return ByteBuffer.wrap(key.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public ByteBuffer encodeValue(String value) {
        return encodeKey(value);
    }

    @Override
    public void encodeKey(String key, ByteBuf target) {
        ByteBufUtil.writeUtf8(target, key);
    }

    @Override
    public void encodeValue(String value, ByteBuf target) {
        encodeKey(value, target);
    }

    @Override
    public int estimateSize(Object keyOrValue) {
        return ByteBufUtil.utf8Bytes((String) keyOrValue);
    }

    @Override
    public boolean isEstimateExact() {
        return true;
    }

    /** What one thread keeps to read with. */
    private static final class Reading {

        /** Of most texts, in bytes. */
        private static final int USUAL_LENGTH = 1024;

        private static final int LONGEST_NAME = 16;

        /** A string copies what it is made of, so that texts need no array of their own before. */
        private final byte[] usual = new byte[USUAL_LENGTH];

        /** The last of each length: every entry of a stream has the same few names of fields. */
        private final @Nullable String[] names = new String[LONGEST_NAME + 1];

        String name(ByteBuffer bytes) {
            int length = bytes.remaining();
            if (length > LONGEST_NAME) {
                return text(bytes);
            }
            String last = names[length];
            if (last != null && isSame(last, bytes)) {
                bytes.position(bytes.limit());
                return last;
            }
            String name = text(bytes);
            names[length] = name;
            return name;
        }

        /** A character past ASCII takes more than one byte, so that it equals none. */
        private static boolean isSame(String name, ByteBuffer bytes) {
            if (name.length() != bytes.remaining()) {
                return false;
            }
            for (int i = 0; i < name.length(); i++) {
                if (name.charAt(i) != bytes.get(bytes.position() + i)) {
                    return false;
                }
            }
            return true;
        }

        String text(ByteBuffer bytes) {
            int length = bytes.remaining();
            byte[] text = length <= USUAL_LENGTH ? usual : new byte[length];
            bytes.get(text, 0, length);
            return new String(text, 0, length, StandardCharsets.UTF_8);
        }
    }
}
