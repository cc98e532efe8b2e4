package dev.sluice.admission;

import org.jspecify.annotations.Nullable;

/** Requests allowed to users without a row, or whose row sets no limit: {@code sluice.quota.default-limit} as it is now. */
public final class DefaultLimit {

    private volatile @Nullable Long requests;

    /** @param requests 0 or more; null refuses such users */
    public DefaultLimit(@Nullable Long requests) {
        this.requests = requests;
    }

    /** 0 or more; null refuses such users. */
    public @Nullable Long requests() {
        return requests;
    }

    /** Holds for every request that is decided from now on. */
    public void change(@Nullable Long limit) {
        requests = limit;
    }
}
