package dev.sluice.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.redis.Script;
import dev.sluice.testkit.RedisData;
import java.util.regex.Pattern;

/** The shipped scripts with one thing changed, such as the time; the rest is byte for byte what is shipped. */
final class MovedScripts {

    private static final String TIME = "redis.call('TIME')";

    private MovedScripts() {}

    /** {@code original} with {@code part}, which occurs exactly once, replaced. */
    static Script with(RedisData redis, Script original, String part, String replacement) {
        assertThat(original.source().split(Pattern.quote(part), -1))
                .as("%s.lua has this once: %s", original.name(), part)
                .hasSize(2);
        String source = original.source().replace(part, replacement);
        return new Script(original.name(), source, redis.client().scriptLoad(source));
    }

    /** The time is what the key {@code clock} of the server says, in milliseconds, and the clock only moves by hand. */
    static LedgerScripts atTimeOf(RedisData redis, String clock) {
        String time = "(function() local ms = tonumber(redis.call('GET', '" + clock + "')) "
                + "return { string.format('%.0f', math.floor(ms / 1000)), string.format('%.0f', ms % 1000 * 1000) } end)()";
        return withAdmit(with(redis, LedgerScripts.SHIPPED.admit(), TIME, time));
    }

    /** The clock is ahead of the server's by so many seconds. */
    static LedgerScripts ahead(RedisData redis, long seconds) {
        String time = "(function() local t = redis.call('TIME') return { t[1] + " + seconds + ", t[2] } end)()";
        return withAdmit(with(redis, LedgerScripts.SHIPPED.admit(), TIME, time));
    }

    private static LedgerScripts withAdmit(Script admit) {
        LedgerScripts shipped = LedgerScripts.SHIPPED;
        return new LedgerScripts(
                admit,
                shipped.load(),
                shipped.settle(),
                shipped.takeover(),
                shipped.correct(),
                shipped.fence(),
                shipped.look());
    }
}
