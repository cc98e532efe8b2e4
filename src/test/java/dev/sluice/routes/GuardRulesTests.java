package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    void takesNoFilterInShadowForAGuard() {
        for (String mode : List.of("shadow", "SHADOW", "sha-dow", "", "enforced", "#{'shadow'}")) {
            for (String name : List.of("mode", "Mode", "mo-de", "MODE")) {
                FilterDefinition bucket = new FilterDefinition("BucketAccess=write");
                bucket.addArg(name, mode);
                RouteDefinition route = route("no://op", "Authenticate", "UploadIntent=body");
                route.getFilters().add(bucket);
                route.getFilters().add(new FilterDefinition("SupabaseSignedUrl=upload"));

                assertThatThrownBy(() -> rules.check(route, route.getFilters()))
                        .as("%s: %s", name, mode)
                        .isInstanceOf(RouteConfigurationException.class)
                        .hasMessageContaining("'test'")
                        .hasMessageContaining("no BucketAccess filter before that (one in shadow mode guards nothing)");
                bucket.addArg(name, "enforce");
                assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
            }
        }
    }

    @Test
    void letsACandidateStandBesideTheGuardThatHolds() {
        FilterDefinition candidate = new FilterDefinition("BucketAccess=read");
        candidate.addArg("mode", "shadow");
        candidate.addArg("source", "caller");
        GuardRules local = new GuardRules("local", "grants", URI.create(SUPABASE));
        RouteDefinition route =
                route("no://op", "Authenticate", "UploadIntent=body", "BucketAccess=write", "SupabaseSignedUrl=upload");
        for (int place = 2; place <= 3; place++) {
            route.getFilters().add(place, candidate);
        }

        assertThatCode(() -> local.check(route, route.getFilters())).doesNotThrowAnyException();
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

    @Test
    void letsTheKeysOfTheProjectPassToTheProjectOnly() {
        check(SUPABASE, "Authenticate=supabase", "UploadIntent=object", "BucketAccess=write");
        check("https://example.org", "Authenticate=users");
        refused("Authenticate=supabase", "https://example.org", "Authenticate=supabase");
        refused("Authenticate=signed-upload", "no://op", "Authenticate=signed-upload", "UploadIntent=body");
        RouteDefinition unchecked = route("https://example.org", "Authenticate=supabase");
        unchecked.setMetadata(Map.of("sluice.unchecked", "true"));
        assertThatThrownBy(() -> rules.check(unchecked, unchecked.getFilters()))
                .isInstanceOf(RouteConfigurationException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Path=/storage/v1/object/{bucket}/** | Method=POST",
                "Path=/storage/v1/** | Method=GET,DELETE",
                "Path=/rest/v1/**,/storage/{*rest} | Method=PUT",
                "Path=/** | Method=PATCH",
                "Host=edge.example.org | Method=POST",
                "Host=edge.example.org | Host=edge.example.org"
            })
    void refusesAWayToStorageAroundEveryLimit(String one, String other) {
        RouteDefinition route = route(SUPABASE, "RateLimit=upload");
        route.setPredicates(List.of(new PredicateDefinition(one), new PredicateDefinition(other)));
        assertThatThrownBy(() -> rules.check(route, route.getFilters()))
                .isInstanceOf(RouteConfigurationException.class)
                .hasMessageContaining("without an Authenticate filter");
        route.setMetadata(Map.of("sluice.unchecked", "true"));
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Path=/storage/v1/object/public/** | Method=GET,HEAD",
                "Path=/storage/v1/** | Method=OPTIONS",
                "Path=/rest/v1/**,/auth/v1/** | Method=POST"
            })
    void letsReadsAndTheRestOfTheProjectPass(String one, String other) {
        RouteDefinition route = route(SUPABASE);
        route.setPredicates(List.of(new PredicateDefinition(one), new PredicateDefinition(other)));
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
    }

    @Test
    void letsADownloadBeSignedWithTheRightToRead() {
        RouteDefinition route = route(SUPABASE, "Authenticate=supabase", "UploadIntent=object", "BucketAccess=read");
        route.setPredicates(List.of(
                new PredicateDefinition("Path=/storage/v1/object/sign/{bucket}/**"),
                new PredicateDefinition("Method=POST")));
        assertThatCode(() -> rules.check(route, route.getFilters())).doesNotThrowAnyException();
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
        route.setFilters(new ArrayList<>(
                Arrays.stream(filters).map(FilterDefinition::new).toList()));
        return route;
    }
}
