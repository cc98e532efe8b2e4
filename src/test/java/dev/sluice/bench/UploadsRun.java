package dev.sluice.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Target 7: how fast large bodies pass, beside the plain gateway, and what many at once do to the memory. */
final class UploadsRun {

    private static final int HEAP_MEGABYTES = 256;
    private static final double SPEED_LIMIT = 1 / 0.9;
    private static final int AT_ONCE = 100;
    private static final double GROWTH_LIMIT = 1.1;
    private static final Duration LOOK = Duration.ofMillis(100);

    private record Passed(double mibPerSecond, double cpuMicrosPerMib) {}

    private UploadsRun() {}

    static List<Verdict> measure(Plan plan, Stage stage) {
        Program gateway = stage.gateway("gateway-uploads", HEAP_MEGABYTES);
        Program sluice = stage.sluice("sluice-uploads", HEAP_MEGABYTES, "local");
        List<Passed> theirs = new ArrayList<>();
        List<Passed> ours = new ArrayList<>();
        pass(gateway, plan.uploadMegabytes());
        pass(sluice, plan.uploadMegabytes());
        for (int round = 0; round < plan.rounds(); round++) {
            theirs.add(pass(gateway, plan.uploadMegabytes()));
            ours.add(pass(sluice, plan.uploadMegabytes()));
        }
        Spread their = Spread.of(theirs.stream().map(Passed::mibPerSecond).toList());
        Spread our = Spread.of(ours.stream().map(Passed::mibPerSecond).toList());
        String speed = String.format(
                Locale.ROOT,
                "%s / %s MiB/s; CPU per MiB %.0f / %.0f us",
                their.text(0),
                our.text(0),
                Spread.of(theirs.stream().map(Passed::cpuMicrosPerMib).toList()).median(),
                Spread.of(ours.stream().map(Passed::cpuMicrosPerMib).toList()).median());
        stage.end(gateway);
        List<Verdict> verdicts = List.of(
                Verdict.of(7, "Bytes/s of (c) / Sluice, one upload", their.median() / our.median(), SPEED_LIMIT, speed),
                memory(plan, sluice));
        stage.drain();
        stage.end(sluice);
        return verdicts;
    }

    private static Passed pass(Program program, int megabytes) {
        double cpu = program.cpuMicros();
        long since = System.nanoTime();
        Upload.send(program.port(), 0, megabytes);
        double seconds = (System.nanoTime() - since) / 1e9;
        return new Passed(megabytes / seconds, (program.cpuMicros() - cpu) / megabytes);
    }

    /** The second hundred must not need more than the first, whose buffers were the pools' first ones. */
    private static Verdict memory(Plan plan, Program sluice) {
        int megabytes = Math.max(1, plan.uploadMegabytes() / AT_ONCE);
        long first = mostResidentKib(sluice, megabytes);
        long second = mostResidentKib(sluice, megabytes);
        return Verdict.of(
                7,
                "Most memory of " + AT_ONCE + " uploads at once / of those before",
                (double) second / first,
                GROWTH_LIMIT,
                String.format(
                        Locale.ROOT,
                        "%d MiB each, RSS at most %d MiB, heap %d MiB, of which %d live after",
                        megabytes,
                        second / 1024,
                        HEAP_MEGABYTES,
                        sluice.liveHeapKib() / 1024));
    }

    private static long mostResidentKib(Program sluice, int megabytes) {
        ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE);
        try {
            CompletableFuture<Void> all = CompletableFuture.allOf(IntStream.range(0, AT_ONCE)
                    .mapToObj(user ->
                            CompletableFuture.runAsync(() -> Upload.send(sluice.port(), user, megabytes), clients))
                    .toArray(CompletableFuture<?>[]::new));
            long most = 0;
            while (!all.isDone()) {
                most = Math.max(most, sluice.residentKib());
                LockSupport.parkNanos(LOOK.toNanos());
            }
            all.join();
            return Math.max(most, sluice.residentKib());
        } finally {
            clients.shutdown();
        }
    }
}
