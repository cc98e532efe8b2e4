package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;

class GuardRulesTests {

    private static final String SUPABASE = "https://abc.supabase.co";
    private static final String[] UPLOAD = {
        "Authenticate",
        "MemoryGuard=upload",
        "UploadIntent=path",
        "RateLimit=upload",
        "Quota=requests",
        "BucketAccess=write"
    };

    private final GuardRules rules = new GuardRules("server", "grants", URI.create(SUPABASE));

    @Test
    void letsTheDefaultRoutesPass() {
        check("no://op", "Authenticate", "UploadIntent=body", "BucketAccess=write", "SupabaseSignedUrl=upload");
        check("no://op", "Authenticate", "UploadIntent=body", "BucketAccess=read", "SupabaseSignedUrl=download");
        check(SUPABASE, UPLOAD);
    }

    @Test
    void letsARouteWithoutOurCredentialsPass() {
        check("https://example.org", "RateLimit=upload");
        check("https://example.org", "Authenticate", "Quota=requests,5");
    }

    @Test
    void refusesARouteThatSignsOrProxiesWithoutAGuard() {
        refused("Authenticate", "no://op", "UploadIntent=body", "SupabaseSignedUrl=upload");
        refused("BucketAccess", "no://op", "Authenticate", "UploadIntent=body", "SupabaseSignedUrl=upload");
        refused("UploadIntent", "no://op", "Authenticate", "BucketAccess=write", "SupabaseSignedUrl=upload");
        refused("BucketAccess", SUPABASE, "Authenticate", "UploadIntent=path", "Quota=requests");
        refused("BucketAccess", SUPABASE, "Authenticate", "UploadIntent=body");
        refused("Authenticate", SUPABASE, "UploadIntent=path", "RateLimit=upload");
    }

    @Test
    void letsABatchBeReadOnlyWhereUploadsAreSigned() {
        check("no://op", "Authenticate", "UploadIntent=batch", "BucketAccess=write", "SupabaseSignedUrl=upload");
        refused(
                "batch",
                "no://op",
                "Authenticate",
                "UploadIntent=batch",
                "BucketAccess=read",
                "SupabaseSignedUrl=download");
        refused("batch", SUPABASE, "Authenticate", "UploadIntent=batch", "BucketAccess=write");
    }

    @Test
    void tellsUsageOnlyToWhoIsKnown() {
        check("no://op", "Authenticate", "Usage");
        refused("Authenticate", "no://op", "Usage");
    }

    @Test
    void refusesAGuardThatComesTooLate() {
        refused("Authenticate", SUPABASE, "Quota=requests", "Authenticate");
        refused(
                "BucketAccess",
                "no://op",
                "Authenticate",
                "UploadIntent=body",
                "SupabaseSignedUrl=upload",
                "BucketAccess=write");
    }

    @Test
    void letsAnUncheckedRoutePassWhereTheMetadataSaysSo() {
        RouteDefinition route = route("no://op", "UploadIntent=body", "SupabaseSignedUrl=upload");
        route.setMetadata(Map.of("sluice", Map.of("unchecked", true)));
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
        route.setMetadata(Map.of("sluice.unchecked", "true"));
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
    }

    @Test
    void refusesToWriteWithTheRightToRead() {
        refused(
                "read",
                "no://op",
                "Authenticate",
                "UploadIntent=body",
                "BucketAccess=read",
                "SupabaseSignedUrl=upload");
        refused("read", SUPABASE, "Authenticate", "UploadIntent=path", "BucketAccess=read");
    }

    @Test
    void refusesASecondBucketClaim() {
        refused(
                "two BucketAccess",
                SUPABASE,
                "Authenticate",
                "UploadIntent=path",
                "BucketAccess=read",
                "BucketAccess=write");
    }

    @Test
    void refusesBytesThatNobodyIsBoundTo() {
        refused(
                "signer s3",
                "no://op",
                "Authenticate",
                "UploadIntent=body",
                "Quota=bytes",
                "BucketAccess=write",
                "SupabaseSignedUrl=upload");
        refused("UploadIntent", SUPABASE, "Authenticate", "Quota=bytes");
    }

    @Test
    void refusesToLeaveAJudgementToRowLevelSecurityThatIsNotAsked() {
        GuardRules local = new GuardRules("local", "caller", URI.create(SUPABASE));
        RouteDefinition signing =
                route("no://op", "Authenticate", "UploadIntent=body", "BucketAccess=write", "SupabaseSignedUrl=upload");
        assertThatThrownBy(() -> local.check(signing, signing.getFilters()))
                .isInstanceOf(RouteConfigurationException.class)
                .hasMessageContaining("row-level security");
        RouteDefinition elsewhere = route("https://uploads.example.org", UPLOAD);
        assertThatThrownBy(() -> local.check(elsewhere, elsewhere.getFilters()))
                .isInstanceOf(RouteConfigurationException.class)
                .hasMessageContaining("row-level security");
        RouteDefinition supabase = route(SUPABASE, UPLOAD);
        assertThatCode(() -> local.check(supabase, supabase.getFilters())).doesNotThrowAnyException();
    }

    private void check(String uri, String... filters) {
        RouteDefinition route = route(uri, filters);
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
    }

    private void refused(String names, String uri, String... filters) {
        RouteDefinition route = route(uri, filters);
        assertThatThrownBy(() -> rules.check(route, route.getFilters()))
                .isInstanceOf(RouteConfigurationException.class)
                .hasMessageContaining("'test'")
                .hasMessageContaining(names);
    }

    private static RouteDefinition route(String uri, String... filters) {
        RouteDefinition route = new RouteDefinition();
        route.setId("test");
        route.setUri(URI.create(uri));
        route.setPredicates(List.of(new PredicateDefinition("Path=/x/{bucket}/**")));
        route.setFilters(Arrays.stream(filters).map(FilterDefinition::new).toList());
        return route;
    }
}
