package dev.sluice.testkit;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Passes on what is printed and looks for secrets in it; keeps at most {@value #PART} bytes that it has not looked at. */
final class OutputScan {

    private static final int PART = 1024 * 1024;

    private final Secrets secrets;
    private final ByteArrayOutputStream unseen = new ByteArrayOutputStream();
    private final List<String> leaks = new ArrayList<>();

    OutputScan(Secrets secrets) {
        this.secrets = secrets;
    }

    /** A stream that does as {@code target} does, and is looked at. */
    PrintStream watch(PrintStream target) {
        return new Watched(new Tee(target));
    }

    static boolean isWatched(PrintStream stream) {
        return stream instanceof Watched;
    }

    /** The lines with a secret in them that were printed since the last call. */
    synchronized List<String> takeLeaks() {
        look();
        List<String> taken = List.copyOf(leaks);
        leaks.clear();
        return taken;
    }

    private synchronized void printed(byte[] bytes, int from, int count) {
        unseen.write(bytes, from, count);
        if (unseen.size() > PART && bytes[from + count - 1] == '\n') {
            look();
        }
    }

    private void look() {
        leaks.addAll(secrets.leaks(unseen.toString(StandardCharsets.UTF_8)));
        unseen.reset();
    }

    private static final class Watched extends PrintStream {
        Watched(OutputStream tee) {
            super(tee, true, StandardCharsets.UTF_8);
        }
    }

    private final class Tee extends FilterOutputStream {

        Tee(PrintStream target) {
            super(target);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            out.write(bytes, from, count);
            if (count > 0) {
                printed(bytes, from, count);
            }
        }

        /** The streams of the process outlive this one. */
        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
