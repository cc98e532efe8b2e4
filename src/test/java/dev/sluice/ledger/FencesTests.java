package dev.sluice.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.redis.KeySpace;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FencesTests {

    private final Fences fences = new Fences();

    @Test
    void wantsEveryPartitionFencedAtTheStart() {
        assertThat(IntStream.range(0, KeySpace.PARTITIONS)).allMatch(fences::isDue);
    }

    @Test
    void wantsNothingMoreWhereItsFenceWasInstalled() {
        fences.installed(3, fences.due(3));

        assertThat(fences.isDue(3)).isFalse();
        assertThat(fences.due(3)).isZero();
        assertThat(fences.token(fences.due(3))).isEmpty();
        assertThat(fences.isDue(4)).isTrue();
    }

    @Test
    void keepsItsTokenUntilItIsInstalled() {
        String first = fences.token(fences.due(3));

        assertThat(fences.token(fences.due(3))).isEqualTo(first).isNotEmpty();
    }

    @Test
    void wantsOnePartitionFencedAgainWithAnotherToken() {
        installAll();
        String old = fences.token(1);
        fences.mark(3);

        assertThat(IntStream.range(0, KeySpace.PARTITIONS).filter(fences::isDue))
                .containsExactly(3);
        assertThat(fences.token(fences.due(3))).isNotEqualTo(old);
    }

    @Test
    void wantsAllFencedAgainAfterALoss() {
        installAll();
        fences.markAll();

        assertThat(IntStream.range(0, KeySpace.PARTITIONS)).allMatch(fences::isDue);
    }

    @Test
    void staysDueWhenItWasMarkedWhileAnOlderFenceWasOnItsWay() {
        long sent = fences.due(3);
        fences.mark(3);
        fences.installed(3, sent);

        assertThat(fences.isDue(3)).isTrue();
        assertThat(fences.due(3)).isGreaterThan(sent);
    }

    @Test
    void isNotUndoneByALateAnswer() {
        long early = fences.due(3);
        fences.mark(3);
        long late = fences.due(3);
        fences.installed(3, late);
        fences.installed(3, early);
        fences.installed(3, 0);

        assertThat(fences.isDue(3)).isFalse();
    }

    @Test
    void differsFromEveryOtherInstance() {
        assertThat(new Fences().token(1)).isNotEqualTo(fences.token(1));
    }

    private void installAll() {
        IntStream.range(0, KeySpace.PARTITIONS).forEach(p -> fences.installed(p, fences.due(p)));
    }
}
