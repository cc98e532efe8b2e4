package dev.sluice.journal;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A process whose files may not grow past a limit, so that writes fail in their middle. It appends, one event after the
 * other, and prints what became of each, until the disk has failed a few times and worked again after.
 */
final class JournalLimitChild {

    static final String REFUSING = "refusing";
    static final String LOGGING = "logging";
    static final String KEPT = "kept ";
    static final String REFUSED = "refused ";
    static final String GIVEN = "given ";
    static final int FAILURES = 2;

    private static final Duration PAUSE = Duration.ofMillis(50);

    private JournalLimitChild() {}

    public static void main(String[] args) {
        Path directory = Path.of(args[0]);
        charge(Journal.open(
                directory.resolve(REFUSING), JournalFixture.PLENTY, OnFull.REFUSE, new SimpleMeterRegistry()));
        record(JournalFixture.open(directory.resolve(LOGGING), JournalFixture.PLENTY));
        Runtime.getRuntime().halt(0);
    }

    /** Each event is one that its caller needs to be kept. */
    private static void charge(Journal journal) {
        boolean failing = false;
        for (int recoveries = 0; recoveries < FAILURES; ) {
            UsageEvent event = JournalFixture.event("caller");
            try {
                journal.appendOrRefuse(event).block(JournalFixture.LIMIT);
                say(KEPT, event);
                recoveries += failing ? 1 : 0;
                failing = false;
            } catch (JournalFullException e) {
                say(REFUSED, event);
                failing = true;
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    /** Nobody waits for these, two at a time; what is not kept becomes a log line, which stands in this process's output too. */
    private static void record(Journal journal) {
        boolean failing = false;
        for (int recoveries = 0; recoveries < FAILURES; ) {
            List<UsageEvent> events = JournalFixture.events(2);
            journal.append(events).block(JournalFixture.LIMIT);
            events.forEach(event -> say(GIVEN, event));
            boolean failed = journal.state() == Journal.State.FAILING;
            recoveries += failing && !failed ? 1 : 0;
            failing = failed;
            if (failed) {
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private static void say(String what, UsageEvent event) {
        System.out.println(what + event.id());
    }
}
