package dev.sluice.journal;

import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/** A process that appends for as long as it lives and prints each event's id when it was told that the event is kept. */
final class JournalCrashChild {

    static final String KEPT = "kept ";
    private static final int CALLERS = 8;

    private JournalCrashChild() {}

    public static void main(String[] args) {
        Journal journal = JournalFixture.open(Path.of(args[0]), JournalFixture.PLENTY);
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        IntStream.range(0, CALLERS)
                .forEach(caller -> callers.execute(() -> {
                    while (true) {
                        var events = JournalFixture.events(1 + caller);
                        journal.append(events).block(JournalFixture.LIMIT);
                        StringBuilder lines = new StringBuilder();
                        events.forEach(
                                event -> lines.append(KEPT).append(event.id()).append('\n'));
                        System.out.print(lines);
                        System.out.flush();
                    }
                }));
    }
}
