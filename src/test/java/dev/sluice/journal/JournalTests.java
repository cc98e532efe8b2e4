package dev.sluice.journal;

import static dev.sluice.journal.JournalFixture.LIMIT;
import static dev.sluice.journal.JournalFixture.PLENTY;
import static dev.sluice.journal.JournalFixture.drain;
import static dev.sluice.journal.JournalFixture.event;
import static dev.sluice.journal.JournalFixture.events;
import static dev.sluice.journal.JournalFixture.files;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.journal.Journal.State;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What the journal keeps, how much of it, and what it says when it cannot. */
class JournalTests {

    private static final long SMALL = 64 * 1024;

    private final Logger lines = (Logger) LoggerFactory.getLogger(LoggedEvents.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    @TempDir
    private Path directory;

    @BeforeEach
    void listen() {
        logged.start();
        lines.addAppender(logged);
    }

    @AfterEach
    void stopListening() {
        lines.detachAppender(logged);
    }

    @Test
    void readsInOrderWhatWasAppendedAndForgetsWhatWasConfirmed() {
        List<UsageEvent> events = events(250);
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            journal.append(events.subList(0, 100)).block(LIMIT);
            for (UsageEvent event : events.subList(100, 250)) {
                journal.append(List.of(event)).block(LIMIT);
            }
            assertThat(journal.waiting()).isEqualTo(250);
            assertThat(journal.bytes()).isEqualTo(size(files(directory, ".journal")));

            assertThat(drain(journal, 7)).isEqualTo(events);

            assertThat(journal.waiting()).isZero();
            assertThat(journal.bytes()).isZero();
            assertThat(files(directory, ".journal")).isEmpty();
            assertThat(journal.append(List.of()).block(LIMIT)).isNull();
        }
    }

    @Test
    void readsTheSameBatchUntilItIsConfirmed() {
        List<UsageEvent> events = events(3);
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            journal.append(events).block(LIMIT);
            assertThat(read(journal, 2)).isEqualTo(events.subList(0, 2));
            assertThat(read(journal, 2)).isEqualTo(events.subList(0, 2));

            UsageEvent later = event("later");
            journal.append(List.of(later)).block(LIMIT);
            journal.oldest(3).flatMap(journal::confirm).block(LIMIT);

            assertThat(read(journal, 10)).containsExactly(later);
        }
    }

    @Test
    void opensAgainWithWhatWasNotConfirmed() {
        List<UsageEvent> events = events(1000);
        try (Journal journal = JournalFixture.open(directory, SMALL * 16)) {
            journal.append(events).block(LIMIT);
            assertThat(files(directory, ".journal")).as("several files").hasSizeGreaterThan(3);
            for (int confirmed = 0; confirmed < 500; ) {
                Batch next =
                        Objects.requireNonNull(journal.oldest(500 - confirmed).block(LIMIT));
                journal.confirm(next).block(LIMIT);
                confirmed += next.events().size();
            }
        }
        try (Journal journal = JournalFixture.open(directory, SMALL * 16)) {
            UsageEvent later = event("later");
            journal.append(List.of(later)).block(LIMIT);
            List<UsageEvent> again = drain(journal, 100);

            List<UsageEvent> all = new ArrayList<>(events);
            all.add(later);
            assertThat(again)
                    .as("a whole file's events may come twice, in order")
                    .isSubsetOf(all);
            assertThat(again).endsWith(all.subList(500, 1001).toArray(UsageEvent[]::new));
            assertThat(again.size()).isLessThan(1001);
        }
    }

    @Test
    void keepsOthersOutWhileItIsOpen() {
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            assertThatThrownBy(() -> JournalFixture.open(directory, PLENTY))
                    .isInstanceOf(JournalStartException.class)
                    .hasMessageContaining("sluice.journal.directory")
                    .hasMessageContaining("another running instance")
                    .hasMessageContaining("for example")
                    .extracting(error -> ((JournalStartException) error).action())
                    .asString()
                    .contains("SLUICE_JOURNAL");
            assertThat(journal.append(events(1)).block(LIMIT)).isNull();
        }
        JournalFixture.open(directory, PLENTY).close();
    }

    @Test
    void saysWhatIsWrongWithADirectoryItCannotUse() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");

        assertThatThrownBy(() -> JournalFixture.open(file.resolve("journal"), PLENTY))
                .isInstanceOf(JournalStartException.class)
                .hasMessageContaining("sluice.journal.directory must be a directory that Sluice can write to")
                .hasMessageContaining("for example /var/lib/sluice/journal");
    }

    @Test
    void staysWithinItsSizeAndLogsWhatDoesNotFit() {
        List<UsageEvent> events = events(500);
        try (Journal journal = Journal.open(directory, SMALL, OnFull.LOG, metrics)) {
            for (UsageEvent event : events) {
                journal.appendOrRefuse(event).block(LIMIT);
                assertThat(journal.bytes()).isLessThanOrEqualTo(SMALL);
            }
            int kept = (int) journal.waiting();
            assertThat(kept).isBetween(100, 499);
            assertThat(journal.state()).isEqualTo(State.FULL);
            assertThat(size(files(directory, ".journal"))).isLessThanOrEqualTo(SMALL);
            assertThat(logged.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .containsExactlyElementsOf(events.subList(kept, 500).stream()
                            .map(event -> "usage-event " + EventJson.complete(event))
                            .toList());
            assertThat(metrics.counter("sluice.journal.overflowed").count()).isEqualTo(500 - kept);
            assertThat(metrics.get("sluice.journal.events").gauge().value()).isEqualTo(kept);

            assertThat(drain(journal, 50)).isEqualTo(events.subList(0, kept));
            assertThat(journal.state()).isEqualTo(State.WRITABLE);
        }
    }

    @Test
    void refusesChargesWhenFullIfItIsToldSoAndDropsNothingElse() {
        try (Journal journal = Journal.open(directory, SMALL, OnFull.REFUSE, metrics)) {
            journal.append(events(500)).block(LIMIT);
            int overflowed = logged.list.size();
            assertThat(overflowed).isEqualTo(500 - journal.waiting());

            assertThatThrownBy(() -> journal.appendOrRefuse(event("refused")).block(LIMIT))
                    .isInstanceOf(JournalFullException.class);
            assertThat(logged.list).hasSize(overflowed);
            journal.append(List.of(event("refund"))).block(LIMIT);

            assertThat(logged.list).hasSize(overflowed + 1);
            assertThat(logged.list.get(overflowed).getFormattedMessage()).contains("\"refund\"");
        }
    }

    @Test
    void logsAnEventThatIsTooLongForAFrame() {
        UsageEvent huge = event("u".repeat(Frames.MAX_PAYLOAD));
        UsageEvent small = event("small");
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            journal.append(List.of(huge, small)).block(LIMIT);

            assertThat(read(journal, 10)).containsExactly(small);
            assertThat(logged.list).hasSize(1);
        }
    }

    @Test
    void writesForManyCallersAtOnce() {
        List<UsageEvent> events = events(4000);
        try (Journal journal = Journal.open(directory, PLENTY, OnFull.LOG, metrics)) {
            Flux.fromIterable(events)
                    .parallel(8)
                    .runOn(Schedulers.parallel())
                    .flatMap(event -> journal.append(List.of(event)), false, 512)
                    .sequential()
                    .blockLast(LIMIT);

            assertThat(journal.waiting()).isEqualTo(4000);
            assertThat(metrics.timer("sluice.journal.writes").count()).isLessThan(2000);
            assertThat(drain(journal, 500)).containsExactlyInAnyOrderElementsOf(events);
        }
    }

    @Test
    void carriesOutWhatIsCancelled() {
        UsageEvent event = event("cancelled");
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            journal.append(List.of(event)).subscribe().dispose();

            await().atMost(LIMIT).until(() -> journal.waiting() == 1);
            assertThat(read(journal, 10)).containsExactly(event);
        }
    }

    @Test
    void logsEventsWhileTheDiskFailsAndKeepsThemWhenItWorksAgain() throws IOException {
        Path home = directory.resolve("home");
        Path away = directory.resolve("away");
        try (Journal journal = Journal.open(home, PLENTY, OnFull.LOG, metrics)) {
            Files.move(home, away);
            Files.writeString(home, "a file where the directory was");
            List<UsageEvent> events = events(5);
            journal.append(events.subList(0, 2)).block(LIMIT);
            journal.append(events.subList(2, 3)).block(LIMIT);

            assertThat(journal.state()).isEqualTo(State.FAILING);
            assertThat(metrics.get("sluice.journal.failing").gauge().value()).isEqualTo(1);
            assertThat(logged.list).hasSize(3);
            assertThat(journal.waiting()).isZero();

            Files.delete(home);
            Files.move(away, home);
            await().atMost(LIMIT).until(() -> {
                journal.append(events.subList(3, 4)).block(LIMIT);
                return journal.state() == State.WRITABLE;
            });
            journal.append(events.subList(4, 5)).block(LIMIT);

            assertThat(journal.waiting()).isEqualTo(2);
            assertThat(metrics.get("sluice.journal.failing").gauge().value()).isZero();
        }
    }

    @Test
    void waitsFiveSecondsForADiskThatHangs() throws Exception {
        Path pipe = directory.resolve("refused.ndjson");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        UsageEvent event = event("late");
        try (Journal journal = Journal.open(directory, PLENTY, OnFull.REFUSE, metrics)) {
            // The disk's thread hangs as it opens a pipe that nobody reads.
            journal.setAside(event("hangs")).subscribe();
            CompletableFuture<Void> charge = journal.appendOrRefuse(event).toFuture();
            journal.append(List.of(event)).block(LIMIT);

            assertThat(logged.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .containsExactly("usage-event " + EventJson.complete(event));
            assertThatThrownBy(charge::join).hasCauseInstanceOf(JournalFullException.class);
            Files.newInputStream(pipe).close();
            await().atMost(LIMIT).until(() -> journal.waiting() == 2);
        }
    }

    @Test
    void logsWhatComesAfterItWasClosed() {
        Journal journal = JournalFixture.open(directory, PLENTY);
        List<Mono<Void>> appends =
                events(20).stream().map(event -> journal.append(List.of(event))).toList();
        appends.subList(0, 10).forEach(Mono::subscribe);
        journal.close();
        appends.subList(10, 20).forEach(append -> append.block(LIMIT));

        assertThat(logged.list).hasSize(10);
        try (Journal next = JournalFixture.open(directory, PLENTY)) {
            assertThat(next.waiting()).isEqualTo(10);
        }
    }

    @Test
    void setsAsideWhatNoStoreTakes() throws IOException {
        UsageEvent event = event("refused");
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            journal.setAside(event).block(LIMIT);
        }
        assertThat(Files.readAllLines(directory.resolve("refused.ndjson"))).containsExactly(EventJson.complete(event));
        try (Journal journal = JournalFixture.open(directory, SMALL)) {
            for (int i = 0; i < 100; i++) {
                journal.setAside(event).block(LIMIT);
            }
        }
        assertThat(Files.size(directory.resolve("refused.ndjson"))).isLessThanOrEqualTo(SMALL);
        assertThat(Files.readAllLines(directory.resolve("refused.ndjson")).size() + logged.list.size())
                .isEqualTo(101);
    }

    private static List<UsageEvent> read(Journal journal, int max) {
        Batch batch = journal.oldest(max).block(LIMIT);
        return batch == null ? List.of() : batch.events();
    }

    private static long size(List<Path> files) {
        return files.stream().mapToLong(file -> file.toFile().length()).sum();
    }
}
