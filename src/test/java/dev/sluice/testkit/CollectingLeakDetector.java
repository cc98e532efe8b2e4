package dev.sluice.testkit;

import io.netty.util.ResourceLeakDetector;

/**
 * Netty's leak detector, which hands each report to {@link Leaks}. The build names it in
 * {@code io.netty.customResourceLeakDetector}, so that it is there before the first buffer.
 */
public final class CollectingLeakDetector<T> extends ResourceLeakDetector<T> {

    /** One of the two constructors that Netty looks for. */
    @SuppressWarnings("deprecation") // the only constructor that subclasses can use
    public CollectingLeakDetector(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    /** The other one. */
    public CollectingLeakDetector(Class<?> resourceType, int samplingInterval, long maxActive) {
        this(resourceType, samplingInterval);
    }

    @Override
    protected boolean needReport() {
        return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        Leaks.report(resourceType + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        Leaks.report(resourceType);
    }
}
