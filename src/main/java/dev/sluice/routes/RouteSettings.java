package dev.sluice.routes;

import dev.sluice.operation.Operations;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.route.RouteDefinition;

/**
 * What a routes file says, with what the environment says before it.
 *
 * @param routes as they are defined, not built yet
 * @param ofFile whether the file defines routes at all; if not, they are those of the jar or the environment
 * @param operations with their limits and plans
 * @param defaultLimit {@code sluice.quota.default-limit}
 * @param others what else the file sets, by property, as written: read at the start only
 */
record RouteSettings(
        List<RouteDefinition> routes,
        boolean ofFile,
        Operations operations,
        @Nullable Long defaultLimit,
        Map<String, String> others) {}
