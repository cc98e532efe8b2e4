package dev.sluice.testkit.supabase;

import dev.sluice.testkit.Secrets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A Supabase project of one's own: gateway, storage-api, PostgREST and JWKS on one port, on a given Postgres whose
 * roles {@code anon}, {@code authenticated} and {@code service_role} exist. {@link #start} brings the {@code storage}
 * and {@code auth} schemas; the project's own migrations are the caller's.
 *
 * <p>Endpoint names, for faults, counters and recordings: {@code storage.sign-upload}, {@code storage.upload} (signed
 * or not), {@code storage.sign-download}, {@code storage.download}, {@code storage.delete}, {@code storage.list},
 * {@code storage.info}, {@code storage.move}, {@code storage.copy}, {@code storage.bucket}, {@code storage.status},
 * {@code storage.tus.create}, {@code .patch}, {@code .head}, {@code .delete} and {@code .options}, {@code storage.unknown},
 * {@code rest.rpc.<function>}, {@code rest.table.<table>}, {@code auth.jwks}, {@code gateway.preflight},
 * {@code gateway.unknown}, {@code realtime.websocket} (an echo).
 */
public final class LocalSupabase implements AutoCloseable {

    /** The JWT secret unless another is chosen; nothing outside of tests and local runs trusts it. */
    public static final String DEFAULT_JWT_SECRET = "local-supabase-jwt-secret-with-at-least-32-characters";

    private final DataSource dataSource;
    private final ObjectFiles files;
    private final Keys keys;
    private final Tokens tokens;
    private final String serviceKey;
    private final String anonKey;
    private final Faults faults = new Faults();
    private final RequestLog log = new RequestLog();
    private final HttpFront front;

    private LocalSupabase(DataSource dataSource, Path objectsDirectory, Options options) {
        this.dataSource = dataSource;
        ProjectDatabase database = new ProjectDatabase(dataSource, options.statementTimeout());
        this.files = new ObjectFiles(objectsDirectory);
        this.keys = new Keys(options.jwtSecret());
        this.tokens = new Tokens(keys, options.clock(), this::issuer);
        this.serviceKey = tokens.projectKey("service_role");
        this.anonKey = tokens.projectKey("anon");
        StorageJwt storageJwt = new StorageJwt(keys, options.clock());
        SignedTokens signed =
                new SignedTokens(tokens, storageJwt, options.clock(), options.uploadExpiry(), !options.olderServer());
        Buckets buckets = new Buckets(database);
        ObjectWriter writer = new ObjectWriter(database, files, options.fileSizeLimit());
        ObjectUploads uploads = new ObjectUploads(buckets, files, writer, signed, options.limitsChunked());
        StorageApi storage = new StorageApi(
                storageJwt,
                buckets,
                uploads,
                new ObjectDownloads(database, buckets, files, signed),
                new ObjectCatalog(database, files),
                new ObjectMoves(database, files, writer),
                new ResumableRoutes(
                        new ResumableUploads(buckets, files, writer, signed),
                        options.fileSizeLimit(),
                        options.publicUrl()),
                !options.olderServer());
        RestApi rest = new RestApi(new RestJwt(keys, options.clock()), database, options.schemas());
        LocalGateway gateway = new LocalGateway(
                keys,
                tokens,
                storage,
                new S3Api(database, uploads, files, options.clock()),
                rest,
                Set.of(serviceKey, anonKey, keys.secretKey(), keys.publishableKey()));
        this.front = new HttpFront("127.0.0.1", options.port(), gateway::endpoint, faults, log);
    }

    /**
     * Prepares the database and begins to serve.
     *
     * @param objectsDirectory for the objects' bytes; made if missing, left in place on close
     */
    public static LocalSupabase start(DataSource dataSource, Path objectsDirectory, Options options) {
        try (InputStream script =
                        Objects.requireNonNull(LocalSupabase.class.getResourceAsStream("schema.sql"), "schema.sql");
                Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(new String(script.readAllBytes(), StandardCharsets.UTF_8));
        } catch (SQLException | IOException e) {
            throw new IllegalStateException("The database cannot be prepared", e);
        }
        return new LocalSupabase(dataSource, objectsDirectory, options);
    }

    /** As {@link #start(DataSource, Path, Options)} with {@link Options#defaults()}. */
    public static LocalSupabase start(DataSource dataSource, Path objectsDirectory) {
        return start(dataSource, objectsDirectory, Options.defaults());
    }

    /** The base address, as SUPABASE_URL takes it: no slash at the end. */
    public String url() {
        return "http://127.0.0.1:" + front.port();
    }

    /** The issuer of its access tokens. */
    public String issuer() {
        return url() + "/auth/v1";
    }

    /** The HS256 secret that signs legacy project keys, signed URLs and HS256 access tokens. */
    public String jwtSecret() {
        return keys.jwtSecret();
    }

    /** The legacy service_role key, a JWT. */
    public String serviceKey() {
        return serviceKey;
    }

    /** The legacy anon key, a JWT. */
    public String anonKey() {
        return anonKey;
    }

    /** An opaque {@code sb_secret_…} key, which stands for service_role at the gateway only. */
    public String secretKey() {
        return keys.secretKey();
    }

    /** An opaque {@code sb_publishable_…} key, which stands for anon at the gateway only. */
    public String publishableKey() {
        return keys.publishableKey();
    }

    /** An access token as Auth issues it under the legacy secret; {@code plan} may be null. */
    public String accessToken(String sub, @Nullable String plan) {
        return tokens.hs256(tokens.claims(sub, plan));
    }

    /** An access token as Auth issues it under the asymmetric signing key in use; {@code plan} may be null. */
    public String accessTokenEs256(String sub, @Nullable String plan) {
        return tokens.es256(tokens.claims(sub, plan));
    }

    /** As {@link #accessTokenEs256} with an RSA key, which the first call adds to the JWKS document. */
    public String accessTokenRs256(String sub, @Nullable String plan) {
        return tokens.rs256(tokens.claims(sub, plan));
    }

    /** For tokens with other claims, keys or key ids. */
    public Tokens tokens() {
        return tokens;
    }

    /** Puts a new asymmetric key in use; the JWKS document lists it first, the former ones stay trusted. */
    public void rotateSigningKey() {
        keys.rotate();
    }

    /** Ends the trust in all asymmetric keys but the one in use. */
    public void revokeRotatedSigningKeys() {
        keys.revokeRotated();
    }

    /** The settings of Sluice for signer {@code s3}, as pairs of name and value. */
    public static String[] s3Settings() {
        return new String[] {
            "sluice.signed-url.signer", "s3",
            "sluice.s3.access-key", S3Api.ACCESS_KEY,
            "sluice.s3.secret-key", S3Api.SECRET_KEY,
            "sluice.s3.region", S3Api.REGION
        };
    }

    /** What goes wrong from now on; nothing at first. */
    public Faults faults() {
        return faults;
    }

    /** How many requests reached this endpoint, faulty ones included; {@code storage} counts all of storage, {@code *} everything. */
    public long calls(String endpoint) {
        return log.calls(endpoint);
    }

    /** The newest request to exactly this endpoint, null where there was none. */
    public @Nullable RecordedRequest lastRequest(String endpoint) {
        return log.last(endpoint);
    }

    /** The newest requests to exactly this endpoint, at most 50, oldest first. */
    public List<RecordedRequest> requests(String endpoint) {
        return log.newest(endpoint);
    }

    /** Forgets counts and recorded requests. */
    public void forgetCalls() {
        log.clear();
    }

    /** A private bucket without limits; does nothing where it exists. */
    public void createBucket(String id) {
        createBucket(id, false, null);
    }

    /**
     * A bucket; does nothing where it exists.
     *
     * @param fileSizeLimit in bytes, null = none
     * @param allowedMimeTypes such as {@code image/png} or {@code text/*}; none given = all allowed
     */
    public void createBucket(String id, boolean isPublic, @Nullable Long fileSizeLimit, String... allowedMimeTypes) {
        String[] types = allowedMimeTypes.length == 0 ? null : allowedMimeTypes;
        query(
                "insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) "
                        + "values (?, ?, ?, ?::bigint, ?::text[]) on conflict do nothing returning id",
                id,
                id,
                isPublic,
                fileSizeLimit,
                types);
    }

    /** Lets each user do everything with the objects below {@code <user id>/} in this bucket; nobody may before. */
    public void allowOwnFolder(String bucket) {
        if (!bucket.matches("[\\w-]+")) {
            throw new IllegalArgumentException("a policy can be made for letters, digits, _ and - only: " + bucket);
        }
        String own = "(bucket_id = '" + bucket + "' and name like auth.uid() || '/%')";
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create policy \"own folder of " + bucket
                    + "\" on storage.objects to authenticated using " + own + " with check " + own);
        } catch (SQLException e) {
            throw new IllegalStateException("The policy cannot be made", e);
        }
    }

    /** A new API key of this user through the project's {@code create_api_key}; {@code plan} may be null. */
    public String createApiKey(String userId, @Nullable String plan) {
        return Secrets.ofThisRun()
                .remember(Objects.requireNonNull(
                        query("select public.create_api_key(?, ?, ?)", userId, "local", plan),
                        "create_api_key gave no key"));
    }

    /** The object, null where there is none. */
    public @Nullable StoredObject storedObject(String bucket, String name) {
        try (Connection connection = dataSource.getConnection()) {
            ObjectRow row = StorageTables.find(connection, bucket, name);
            return row == null
                    ? null
                    : new StoredObject(
                            bucket,
                            name,
                            row.ownerId(),
                            row.size(),
                            row.text("mimetype"),
                            row.text("cacheControl"),
                            row.userMetadata(),
                            files.file(String.valueOf(row.version())));
        } catch (SQLException e) {
            throw new IllegalStateException("The object cannot be looked up", e);
        }
    }

    /** Stops serving and closes all connections, also those of hanging requests. Database and bytes stay. */
    @Override
    public void close() {
        front.close();
    }

    private @Nullable String query(String sql, @Nullable Object... arguments) {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = ProjectDatabase.prepare(connection, sql, arguments);
                ResultSet row = statement.executeQuery()) {
            return row.next() ? row.getString(1) : null;
        } catch (SQLException e) {
            throw new IllegalStateException("The database refused", e);
        }
    }
}
