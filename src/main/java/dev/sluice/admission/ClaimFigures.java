package dev.sluice.admission;

import dev.sluice.intent.UploadIntent;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is told of a claim: null for what nobody can tell. */
final class ClaimFigures {

    private ClaimFigures() {}

    static Map<String, @Nullable Object> size(long limit, @Nullable UploadIntent largest) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("limit", limit);
        figures.put("declared", largest == null ? null : largest.contentLength());
        return figures;
    }

    static Map<String, @Nullable Object> rate(RateCheck check, @Nullable RateState seen) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("operation", check.operation());
        figures.put("window", check.rate().windowSeconds());
        figures.put("limit", check.rate().limit());
        figures.put("used", seen == null ? null : seen.current());
        figures.put("cost", check.cost());
        figures.put("remaining", seen == null ? null : seen.remaining());
        figures.put("resetIn", seen == null ? null : seen.resetMillis());
        return figures;
    }

    static Map<String, @Nullable Object> bucket(String bucket, Access access, @Nullable Boolean granted) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("bucket", bucket);
        figures.put("access", access.name().toLowerCase(Locale.ROOT));
        figures.put("granted", granted);
        return figures;
    }
}
