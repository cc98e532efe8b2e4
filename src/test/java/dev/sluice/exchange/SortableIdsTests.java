package dev.sluice.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SortableIdsTests {

    private static final int MANY = 20_000;

    @Test
    void mintsTheForm() {
        long before = System.currentTimeMillis();
        UUID id = SortableIds.next();
        long after = System.currentTimeMillis();

        assertThat(id.version()).isEqualTo(7);
        assertThat(id.variant()).isEqualTo(2);
        assertThat(id.getMostSignificantBits() >>> 16).isBetween(before, after + 1);
    }

    @Test
    void sortsInTheOrderOfMintingAsTextToo() {
        List<String> ids =
                Stream.generate(() -> SortableIds.next().toString()).limit(MANY).toList();

        assertThat(ids).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void mintsNoIdTwiceInManyThreads() {
        List<UUID> ids = IntStream.range(0, MANY)
                .parallel()
                .mapToObj(i -> SortableIds.next())
                .toList();

        assertThat(ids).doesNotHaveDuplicates();
    }
}
