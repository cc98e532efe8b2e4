package dev.sluice.testkit;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Tells BlockHound that Netty's adaptive allocator, the default since 4.2, may park an event loop for a moment: its
 * magazines are guarded by stamped locks. Seen under load in {@code MagazineGroup.tryExpandMagazines}; without this
 * the connection that was read at that moment fails. Our own code is watched as before.
 */
public final class NettyAllocatorMayPark implements BlockHoundIntegration {

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator", "allocate");
    }
}
