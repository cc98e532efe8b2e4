package dev.sluice.testkit.supabase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replays exchanges that were recorded from PostgREST 12.0.2, with the functions it was asked for. */
class LocalSupabaseRpcIT {

    private static final String ALICE = "11111111-1111-4111-8111-111111111111";
    private static final String BOB = "22222222-2222-4222-8222-222222222222";
    private static final String NOBODY = "33333333-3333-4333-8333-333333333333";
    private static final String ZERO_ROWS = "406 {\"code\":\"PGRST116\",\"details\":\"The result contains 0 rows\","
            + "\"hint\":null,\"message\":\"JSON object requested, multiple (or no) rows returned\"}";

    private static Database database;
    private static LocalSupabase supabase;
    private static HttpProbe http;

    @BeforeAll
    static void start() {
        database = Postgres.shared().emptyDatabase();
        database.execute("""
                create table public.user_quota (user_id uuid primary key, plan text, max_bytes bigint, used_bytes bigint);
                insert into public.user_quota values
                  ('11111111-1111-4111-8111-111111111111', 'pro', 5000, 100),
                  ('22222222-2222-4222-8222-222222222222', 'free', 1000, 1000);
                alter table public.user_quota enable row level security;
                revoke all on public.user_quota from anon;
                create policy own on public.user_quota for select to authenticated using (user_id = auth_uid());
                """.replace("auth_uid()", "(current_setting('request.jwt.claims')::json ->> 'sub')::uuid"));
        database.execute("""
                create function public.check_quota(p_user uuid, p_bytes bigint default 0) returns jsonb
                  language sql stable as $$
                    select jsonb_build_object('plan', plan, 'allowed', used_bytes + p_bytes <= max_bytes,
                                              'remaining', max_bytes - used_bytes)
                      from public.user_quota where user_id = p_user $$;
                create function public.check_quota_rows(p_user uuid, p_bytes bigint default 0)
                  returns table (user_id uuid, allowed boolean) language sql stable as $$
                    select q.user_id, used_bytes + p_bytes <= max_bytes from public.user_quota q
                     where q.user_id = p_user $$;
                create function public.check_quota_many(p_users uuid[]) returns setof public.user_quota
                  language sql stable as $$
                    select * from public.user_quota where user_id = any(p_users) order by plan desc $$;
                create function public.check_quota_batch(p_items jsonb) returns jsonb language sql stable as $$
                    select jsonb_agg(i ->> 'id') from jsonb_array_elements(p_items) i $$;
                create function public.check_unnamed(json) returns json language sql immutable as $$ select $1 $$;
                create function public.reserve_quota(p_user uuid, p_bytes bigint) returns boolean
                  language plpgsql volatile as $$
                    begin
                      update public.user_quota set used_bytes = used_bytes + p_bytes
                       where user_id = p_user and used_bytes + p_bytes <= max_bytes;
                      return found;
                    end $$;
                revoke all on function public.reserve_quota from anon, authenticated, public;
                revoke all on function public.check_quota from anon, public;
                create function public.noop() returns void language sql as $$ select $$;
                create function public.names() returns setof text language sql as $$ values ('a'), ('b') $$;
                create function public.fail_quota() returns void language plpgsql as $$
                    begin raise sqlstate 'PT429' using message = 'Quota exceeded', detail = 'used 1000 of 1000',
                                                       hint = 'upgrade'; end $$;
                create function public.fail_pgrst() returns void language plpgsql as $$
                    begin raise sqlstate 'PGRST' using
                      message = '{"code":"QUOTA","message":"Quota exceeded","details":null,"hint":null}',
                      detail = '{"status":429,"headers":{"Retry-After":"30"}}'; end $$;
                create function public.fail_plain() returns void language plpgsql as $$
                    begin raise exception 'boom' using detail = 'd', hint = 'h'; end $$;
                create function public.fail_with(p_state text) returns void language plpgsql as $$
                    begin raise exception 'made up' using errcode = p_state; end $$;
                create function public.slow() returns void language sql as $$ select pg_sleep(20) $$;
                create function public.whoami() returns text language sql stable as $$ select current_user::text $$;
                """);
        supabase = LocalSupabase.start(
                database.dataSource(),
                Path.of("target", "local-supabase", "rpc"),
                Options.defaults().withStatementTimeout(Duration.ofSeconds(1)));
        http = new HttpProbe(supabase.url() + "/rest/v1");
    }

    @AfterAll
    static void stop() {
        supabase.close();
        database.close();
    }

    @Test
    void givesScalarsBareAndNullWhereThereIsNoRow() {
        Answer found = rpc("check_quota", "{\"p_user\":\"" + ALICE + "\",\"p_bytes\":10}");

        assertThat(found.toString()).isEqualTo("200 {\"plan\": \"pro\", \"allowed\": true, \"remaining\": 4900}");
        assertThat(found.header("content-type")).isEqualTo("application/json; charset=utf-8");
        assertThat(found.header("transfer-encoding")).isEqualTo("chunked");
        assertThat(rpc("check_quota", "{\"p_user\":\"" + NOBODY + "\"}").toString())
                .isEqualTo("200 null");
    }

    @Test
    void givesRowsAsAnArrayAndOneRowAsAnObjectOnRequest() {
        String alice = "{\"p_user\":\"" + ALICE + "\"}";
        String nobody = "{\"p_user\":\"" + NOBODY + "\"}";
        String row = "{\"user_id\":\"" + ALICE + "\",\"allowed\":true}";

        assertThat(rpc("check_quota_rows", alice).toString()).isEqualTo("200 [" + row + "]");
        assertThat(rpc("check_quota_rows", nobody).toString()).isEqualTo("200 []");
        assertThat(rpc("check_quota_rows", nobody).header("content-range")).isEqualTo("*/*");
        assertThat(rpc("check_quota_rows", alice, "accept", "application/vnd.pgrst.object+json")
                        .toString())
                .isEqualTo("200 " + row);
        assertThat(rpc("check_quota_rows", nobody, "accept", "application/vnd.pgrst.object+json")
                        .toString())
                .isEqualTo(ZERO_ROWS);
        assertThat(rpc("names", "{}").toString()).isEqualTo("200 [\"a\",\"b\"]".replace(",\"b", ", \"b"));
    }

    @Test
    void takesArraysAndDocumentsAsArguments() {
        String both = "{\"p_users\":[\"" + ALICE + "\",\"" + BOB + "\"]}";

        assertThat(rpc("check_quota_many", both).toString())
                .isEqualTo("200 [{\"user_id\":\"" + ALICE
                        + "\",\"plan\":\"pro\",\"max_bytes\":5000,\"used_bytes\":100}, \n {\"user_id\":\"" + BOB
                        + "\",\"plan\":\"free\",\"max_bytes\":1000,\"used_bytes\":1000}]");
        assertThat(rpc("check_quota_many?select=user_id,plan&plan=eq.pro", both).toString())
                .isEqualTo("200 [{\"user_id\":\"" + ALICE + "\",\"plan\":\"pro\"}]");
        assertThat(rpc("check_quota_batch", "{\"p_items\":[{\"id\":\"a\"},{\"id\":\"b\"}]}")
                        .toString())
                .isEqualTo("200 [\"a\", \"b\"]");
        assertThat(rpc("check_unnamed", "[{\"x\":1},{\"x\":2}]").toString()).isEqualTo("200 [{\"x\":1},{\"x\":2}]");
    }

    @Test
    void usesOnlyTheFirstElementOfAnArrayGivenToNamedArguments() {
        String body = "[{\"p_user\":\"" + ALICE + "\",\"p_bytes\":1},{\"p_user\":\"" + BOB + "\",\"p_bytes\":1}]";

        assertThat(rpc("check_quota", body).body())
                .contains("\"plan\": \"pro\"")
                .doesNotContain("free");
    }

    @Test
    void readsByGetAndRefusesWritesByGet() {
        assertThat(http.send("GET", "/rpc/check_quota?p_user=" + ALICE + "&p_bytes=10", null, service())
                        .toString())
                .isEqualTo("200 {\"plan\": \"pro\", \"allowed\": true, \"remaining\": 4900}");
        assertThat(http.send("GET", "/rpc/check_quota_many?p_users=%7B" + ALICE + "%7D", null, service())
                        .body())
                .startsWith("[{\"user_id\":\"" + ALICE);
        assertThat(http.send("GET", "/rpc/reserve_quota?p_user=" + ALICE + "&p_bytes=1", null, service())
                        .toString())
                .isEqualTo("405 {\"code\":\"25006\",\"details\":null,\"hint\":null,"
                        + "\"message\":\"cannot execute UPDATE in a read-only transaction\"}");
    }

    @Test
    void commitsWhatAFunctionWrote() {
        assertThat(rpc("reserve_quota", "{\"p_user\":\"" + ALICE + "\",\"p_bytes\":0}")
                        .toString())
                .isEqualTo("200 true");
        assertThat(rpc("reserve_quota", "{\"p_user\":\"" + BOB + "\",\"p_bytes\":1}")
                        .toString())
                .isEqualTo("200 false");
        Answer nothing = rpc("noop", "{}");
        assertThat(nothing.status()).isEqualTo(204);
        assertThat(nothing.body()).isEmpty();
        assertThat(rpc("noop", "").status()).isEqualTo(204);
    }

    @Test
    void runsInTheRoleOfTheToken() {
        assertThat(rpc("whoami", "{}").toString()).isEqualTo("200 \"service_role\"");
        assertThat(as(supabase.accessToken(ALICE, null), "whoami").toString()).isEqualTo("200 \"authenticated\"");
        assertThat(as(supabase.accessTokenEs256(ALICE, null), "whoami").toString())
                .isEqualTo("200 \"authenticated\"");
        assertThat(as(supabase.accessTokenRs256(ALICE, null), "whoami").toString())
                .isEqualTo("200 \"authenticated\"");
        assertThat(http.send("POST", "/rpc/whoami", "{}", "apikey", supabase.secretKey())
                        .toString())
                .isEqualTo("200 \"service_role\"");
        assertThat(http.send("POST", "/rpc/whoami", "{}", "apikey", supabase.publishableKey())
                        .toString())
                .isEqualTo("200 \"anon\"");
    }

    @Test
    void refusesLackingPrivilegesWith403AndWith401ToAnon() {
        String denied =
                " {\"code\":\"42501\",\"details\":null,\"hint\":null,\"message\":\"permission denied for function ";
        Answer anon =
                http.send("POST", "/rpc/check_quota", "{\"p_user\":\"" + ALICE + "\"}", "apikey", supabase.anonKey());

        assertThat(http.send(
                                "POST",
                                "/rpc/reserve_quota",
                                "{\"p_user\":\"" + ALICE + "\",\"p_bytes\":1}",
                                user(supabase.accessToken(ALICE, null)))
                        .toString())
                .isEqualTo("403" + denied + "reserve_quota\"}");
        assertThat(anon.toString()).isEqualTo("401" + denied + "check_quota\"}");
        assertThat(anon.header("www-authenticate")).isEqualTo("Bearer");
    }

    @Test
    void asksForAKnownProjectKey() {
        assertThat(http.send("POST", "/rpc/whoami", "{}").status()).isEqualTo(401);
        assertThat(http.send("POST", "/rpc/whoami", "{}", "apikey", "sb_secret_unknown")
                        .status())
                .isEqualTo(401);
        assertThat(http.send("POST", "/rpc/whoami", "{}", "authorization", "Bearer " + supabase.serviceKey())
                        .status())
                .isEqualTo(401);
    }

    @Test
    void refusesTokensInTheRecordedWords() {
        Map<String, @Nullable Object> claims = supabase.tokens().claims(ALICE, null);
        long now = System.currentTimeMillis() / 1000;
        claims.put("exp", now - 10);
        String justExpired = supabase.tokens().hs256(claims);
        claims.put("exp", now - 60);
        Answer expired = as(supabase.tokens().hs256(claims), "whoami");
        Map<String, @Nullable Object> hacker = supabase.tokens().claims(ALICE, null);
        hacker.put("role", "hacker");

        assertThat(as(justExpired, "whoami").status()).isEqualTo(200);
        assertThat(expired.toString())
                .isEqualTo("401 {\"code\":\"PGRST301\",\"details\":null,\"hint\":null,\"message\":\"JWT expired\"}");
        assertThat(expired.header("www-authenticate"))
                .isEqualTo("Bearer error=\"invalid_token\", error_description=\"JWT expired\"");
        assertThat(as("a.b", "whoami").body())
                .contains("JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 2)");
        assertThat(as(supabase.accessToken(ALICE, null) + "x", "whoami").body())
                .contains("JWSError JWSInvalidSignature");
        assertThat(as(supabase.tokens().hs256(hacker), "whoami").toString())
                .isEqualTo(
                        "400 {\"code\":\"22023\",\"details\":null,\"hint\":null,\"message\":\"role \\\"hacker\\\" does not exist\"}");
    }

    @Test
    void refusesCallsThatFitNoFunction() {
        assertThat(rpc("check_quota", "{\"user\":1}").toString())
                .isEqualTo(
                        "404 {\"code\":\"PGRST202\",\"details\":\"Searched for the function public.check_quota with parameter user"
                                + " or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.\","
                                + "\"hint\":\"Perhaps you meant to call the function public.check_quota(p_bytes, p_user)\","
                                + "\"message\":\"Could not find the function public.check_quota(user) in the schema cache\"}");
        assertThat(rpc("nothing", "{}").json())
                .containsEntry("code", "PGRST202")
                .containsEntry(
                        "message", "Could not find the function public.nothing without parameters in the schema cache");
        assertThat(rpc("check_quota", "{\"p_user\":\"nope\"}").toString())
                .isEqualTo(
                        "400 {\"code\":\"22P02\",\"details\":null,\"hint\":null,\"message\":\"invalid input syntax for type uuid: \\\"nope\\\"\"}");
        assertThat(rpc("check_quota", "{").toString())
                .isEqualTo(
                        "400 {\"code\":\"PGRST102\",\"details\":null,\"hint\":null,\"message\":\"Empty or invalid json\"}");
        assertThat(rpc("whoami", "{}", "content-profile", "storage").toString())
                .isEqualTo(
                        "406 {\"code\":\"PGRST106\",\"details\":null,\"hint\":null,\"message\":\"The schema must be one of the following: public\"}");
    }

    @Test
    void mapsRaisedErrorsToStatuses() {
        Answer custom = rpc("fail_pgrst", "{}");

        assertThat(rpc("fail_quota", "{}").toString())
                .isEqualTo(
                        "429 {\"code\":\"PT429\",\"details\":\"used 1000 of 1000\",\"hint\":\"upgrade\",\"message\":\"Quota exceeded\"}");
        assertThat(custom.toString())
                .isEqualTo("429 {\"code\":\"QUOTA\",\"details\":null,\"hint\":null,\"message\":\"Quota exceeded\"}");
        assertThat(custom.header("retry-after")).isEqualTo("30");
        assertThat(rpc("fail_plain", "{}").toString())
                .isEqualTo("400 {\"code\":\"P0001\",\"details\":\"d\",\"hint\":\"h\",\"message\":\"boom\"}");
        assertThat(statusOf("23505")).isEqualTo(409);
        assertThat(statusOf("22023")).isEqualTo(400);
        assertThat(statusOf("53300")).isEqualTo(503);
        assertThat(statusOf("40001")).isEqualTo(500);
        assertThat(rpc("slow", "{}").toString())
                .isEqualTo(
                        "500 {\"code\":\"57014\",\"details\":null,\"hint\":null,\"message\":\"canceling statement due to statement timeout\"}");
    }

    @Test
    void readsTablesUnderRowLevelSecurity() {
        String both = "/user_quota?user_id=in.(" + ALICE + "," + BOB + ")&select=plan&order=plan.asc";
        String[] object = {"apikey", supabase.serviceKey(), "accept", "application/vnd.pgrst.object+json"};

        assertThat(http.send("GET", both, null, service()).toString())
                .isEqualTo("200 [{\"plan\":\"free\"}, \n {\"plan\":\"pro\"}]");
        assertThat(http.send("GET", both, null, user(supabase.accessToken(ALICE, null)))
                        .toString())
                .isEqualTo("200 [{\"plan\":\"pro\"}]");
        assertThat(http.send("GET", "/user_quota?plan=in.(%22pro%22)&select=plan", null, service())
                        .toString())
                .isEqualTo("200 [{\"plan\":\"pro\"}]");
        assertThat(http.send("GET", "/user_quota?plan=in.()", null, service()).toString())
                .isEqualTo("200 []");
        assertThat(http.send("GET", "/user_quota?user_id=eq." + ALICE + "&select=plan", null, object)
                        .toString())
                .isEqualTo("200 {\"plan\":\"pro\"}");
        assertThat(http.send("GET", "/user_quota?user_id=eq." + NOBODY, null, object)
                        .toString())
                .isEqualTo(ZERO_ROWS);
        assertThat(http.send("GET", "/user_quota?select=plan", null, object).body())
                .contains("The result contains 2 rows");
        assertThat(http.send("GET", "/user_quota", null, "apikey", supabase.anonKey())
                        .toString())
                .isEqualTo(
                        "401 {\"code\":\"42501\",\"details\":null,\"hint\":null,\"message\":\"permission denied for table user_quota\"}");
        assertThat(http.send("GET", "/nope", null, service()).toString())
                .isEqualTo(
                        "404 {\"code\":\"42P01\",\"details\":null,\"hint\":null,\"message\":\"relation \\\"public.nope\\\" does not exist\"}");
        assertThat(http.send("GET", "/user_quota?select=nope", null, service()).toString())
                .isEqualTo(
                        "400 {\"code\":\"42703\",\"details\":null,\"hint\":null,\"message\":\"column user_quota.nope does not exist\"}");
        assertThat(http.send("GET", "/user_quota?user_id=foo.1", null, service())
                        .json())
                .containsEntry("code", "PGRST100");
    }

    private static int statusOf(String sqlState) {
        return rpc("fail_with", "{\"p_state\":\"" + sqlState + "\"}").status();
    }

    private static Answer rpc(String function, String body, String... headers) {
        String[] all = new String[headers.length + 4];
        System.arraycopy(service(), 0, all, 0, 4);
        System.arraycopy(headers, 0, all, 4, headers.length);
        return http.send("POST", "/rpc/" + function, body, all);
    }

    private static Answer as(String token, String function) {
        return http.send("POST", "/rpc/" + function, "{}", user(token));
    }

    private static String[] service() {
        return user(supabase.serviceKey());
    }

    private static String[] user(String token) {
        return new String[] {"apikey", supabase.anonKey(), "authorization", "Bearer " + token};
    }
}
