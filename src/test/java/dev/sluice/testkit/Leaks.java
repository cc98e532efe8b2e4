package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The Netty buffers of this JVM that were lost without being released. After each class of tests with real servers, any
 * report of one fails that class, though the buffer may be an earlier one's: a leak is known only once its object is
 * collected. Registered for all tests by its service file.
 */
public final class Leaks implements AfterAllCallback {

    private static final int ALLOCATIONS = 256;
    private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();

    /**
     * The read buffer that Lettuce gives a connection at its registration and takes back at its deregistration: Netty drops
     * the latter where the event loop is shut down as the connection is being made, as by a start that is given up.
     */
    private static final Pattern NEVER_READ =
            Pattern.compile("Recent access records:\\s*Created at:(?:\\s+\\S*ByteBufAllocator\\S*)*"
                    + "\\s+\\S*lettuce\\S*CommandHandler\\.channelRegistered\\(");

    static void report(String leak) {
        if (!NEVER_READ.matcher(leak).find()) {
            REPORTS.add(leak);
        }
    }

    /** The reports so far, with those of buffers that can be found lost now; they are forgotten with this. */
    static List<String> take() {
        System.gc();
        // The detector looks for lost buffers as it tracks new ones.
        for (int i = 0; i < ALLOCATIONS; i++) {
            ByteBufAllocator.DEFAULT.buffer(1).release();
        }
        List<String> taken = new ArrayList<>();
        for (String report = REPORTS.poll(); report != null; report = REPORTS.poll()) {
            taken.add(report);
        }
        return taken;
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (context.getRequiredTestClass().getSimpleName().endsWith("IT")) {
            assertThat(take()).as("buffers that were never released").isEmpty();
        }
    }
}
