package dev.sluice.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.cluster.SlotHash;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeySpaceTests {

    /** The check value of CRC-16/XMODEM, from the catalogue of parametrised CRC algorithms. */
    @Test
    void partitionsByCrc16Xmodem() {
        assertThat(KeySpace.partition("123456789")).isEqualTo(0x31C3 % 64);
        assertThat(KeySpace.partition("")).isZero();
    }

    /** Redis Cluster hashes its slots with the same CRC-16, and 64 divides the number of slots. */
    @Property
    void agreesWithTheSlotsOfRedisCluster(@ForAll("ids") String id) {
        String untagged = id.replace('{', '(');
        assertThat(KeySpace.partition(untagged)).isEqualTo(SlotHash.getSlot(untagged) % KeySpace.PARTITIONS);
    }

    @Test
    void spreadsThePartitionsOverAsManySlots() {
        assertThat(IntStream.range(0, KeySpace.PARTITIONS)
                        .map(p -> SlotHash.getSlot(KeySpace.usage(p)))
                        .distinct())
                .hasSize(KeySpace.PARTITIONS);
    }

    @Test
    void namesTheKeysAsTheContractDoes() {
        assertThat(KeySpace.partition("alice")).isEqualTo(partitionOf(KeySpace.quota("alice")));
        String tag = "{p%02d}".formatted(KeySpace.partition("alice"));
        assertThat(KeySpace.rate("alice", "signed-url", 60)).isEqualTo(tag + ":rl:alice:signed-url:60");
        assertThat(KeySpace.quota("alice")).isEqualTo(tag + ":quota:alice");
        assertThat(KeySpace.bucket("alice", "my photos", 'w')).isEqualTo(tag + ":bucket:alice:my%20photos:w");
        assertThat(KeySpace.usage(7)).isEqualTo("{p07}:usage");
        assertThat(KeySpace.dead(63)).isEqualTo("{p63}:dead");
        assertThat(KeySpace.fence(0)).isEqualTo("{p00}:fence");
        assertThat(KeySpace.apiKey("0123456789abcdef0123456789abcdef")).isEqualTo("{id:0123456789abcdef}:key");
    }

    private static int partitionOf(String key) {
        return Integer.parseInt(key.substring(2, 4));
    }

    @ParameterizedTest
    @CsvSource({
        "a-b_c.d~E9,a-b_c.d~E9",
        "a:b,a%3Ab",
        "a%3Ab,a%253Ab",
        "{a},%7Ba%7D",
        "a b,a%20b",
        "ä,%C3%A4",
        "*,%2A",
        "a/b,a%2Fb",
        "😀,%F0%9F%98%80"
    })
    void percentEncodesAllButUnreservedBytes(String id, String encoded) {
        assertThat(KeySpace.encode(id)).isEqualTo(encoded);
    }

    @Property
    void putsAllKeysOfAUserIntoTheSlotOfItsPartition(@ForAll("ids") String user, @ForAll("ids") String other) {
        int partition = KeySpace.partition(user);
        assertThat(List.of(
                        KeySpace.quota(user),
                        KeySpace.rate(user, other, 60),
                        KeySpace.bucket(user, other, 'r'),
                        KeySpace.usage(partition),
                        KeySpace.dead(partition),
                        KeySpace.fence(partition)))
                .allMatch(key -> SlotHash.getSlot(key) == SlotHash.getSlot(KeySpace.usage(partition)));
    }

    @Property
    void givesDifferentIdsDifferentKeys(
            @ForAll("ids") String user,
            @ForAll("ids") String second,
            @ForAll("ids") String bucket,
            @ForAll("ids") String third) {
        Set<String> keys = new HashSet<>(List.of(KeySpace.bucket(user, bucket, 'r')));
        assertThat(keys.add(KeySpace.bucket(second, third, 'r')))
                .isEqualTo(!user.equals(second) || !bucket.equals(third));
        assertThat(KeySpace.quota(user).equals(KeySpace.quota(second))).isEqualTo(user.equals(second));
        assertThat(KeySpace.rate(user, bucket, 60).equals(KeySpace.rate(second, third, 60)))
                .isEqualTo(user.equals(second) && bucket.equals(third));
    }

    @Property
    void encodesReversibly(@ForAll("ids") String id) {
        String encoded = KeySpace.encode(id);
        assertThat(encoded).matches("([A-Za-z0-9._~-]|%[0-9A-F]{2})*");
        assertThat(URLDecoder.decode(encoded, StandardCharsets.UTF_8)).isEqualTo(id);
    }

    /** Short ones over few characters, so that they collide if anything can, and any well-formed text. */
    @Provide
    Arbitrary<String> ids() {
        Arbitrary<String> close = Arbitraries.strings().withChars("a:{}%3A").ofMaxLength(4);
        Arbitrary<String> any = Arbitraries.strings()
                .ofMaxLength(40)
                .map(text -> new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
        return Arbitraries.oneOf(close, any);
    }
}
