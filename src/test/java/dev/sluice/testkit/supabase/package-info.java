/**
 * A stand-in for the servers of a Supabase project: gateway, storage-api, PostgREST and the Auth JWKS endpoint, on a
 * real Postgres and with object bytes on disk. It promises the answers that were recorded from the real servers for
 * the requests Sluice makes: statuses, bodies, token claims, row-level security. It does not offer TUS, S3, image
 * transformation, sign-in, or writes to tables through PostgREST. A request outside of that subset is answered like
 * an unknown route; a broken handler is answered with 500 and logged.
 */
@NullMarked
package dev.sluice.testkit.supabase;

import org.jspecify.annotations.NullMarked;
