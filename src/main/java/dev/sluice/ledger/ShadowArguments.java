package dev.sluice.ledger;

import dev.sluice.redis.UserKeys;
import java.util.List;
import java.util.stream.Collectors;

/** Writes shadows as {@code admit.lua} reads them: a kind, how many keys and arguments follow, then those. */
final class ShadowArguments {

    private ShadowArguments() {}

    static void addKeys(List<String> keys, UserKeys user, ShadowCheck shadow) {
        if (shadow instanceof ShadowCheck.Rates rates) {
            String candidate = rates.checks().stream()
                    .map(check -> check.rate().limit() + "/" + check.rate().windowSeconds())
                    .collect(Collectors.joining("+"));
            for (RateCheck check : rates.checks()) {
                keys.add(user.shadowRate(check.operation(), check.rate().windowSeconds(), candidate));
            }
        } else if (shadow instanceof ShadowCheck.Buckets buckets) {
            for (BucketCheck bucket : buckets.buckets()) {
                keys.add(user.bucket(bucket.bucket(), bucket.access()));
            }
        }
    }

    static void add(List<String> args, ShadowCheck shadow) {
        if (shadow instanceof ShadowCheck.Rates rates) {
            int windows = rates.checks().size();
            begin(args, "rate", windows, 3 * windows);
            rates.checks().forEach(check -> Ledger.addRate(args, check));
        } else if (shadow instanceof ShadowCheck.Quota quota) {
            begin(args, "quota", 0, 4);
            args.add(quota.bytes() ? "bytes" : "requests");
            args.add(Long.toString(quota.amount()));
            args.add(quota.limit() == null ? "" : quota.limit().toString());
            args.add(quota.defaultLimit() == null ? "" : quota.defaultLimit().toString());
        } else if (shadow instanceof ShadowCheck.Buckets buckets) {
            begin(args, "bucket", buckets.buckets().size(), 1);
            args.add(buckets.any() ? "any" : "all");
        }
    }

    private static void begin(List<String> args, String kind, int keys, int arguments) {
        args.add(kind);
        args.add(Integer.toString(keys));
        args.add(Integer.toString(arguments));
    }
}
