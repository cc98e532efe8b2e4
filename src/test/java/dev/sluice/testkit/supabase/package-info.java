/**
 * A stand-in for the servers of a Supabase project: gateway, storage-api, PostgREST and the Auth JWKS endpoint, on a
 * real Postgres and with object bytes on disk. It promises the answers that were recorded from the real servers for
 * the requests Sluice makes and those that supabase-js and tus clients make of storage: statuses, bodies, token claims,
 * row-level security. Moving, copying and what tus refuses beyond the recordings follow the servers' sources. It does not
 * offer S3, image transformation, sign-in, changes to buckets, or writes to tables through PostgREST. A request outside of that subset is answered like
 * an unknown route; a broken handler is answered with 500 and logged.
 */
@NullMarked
package dev.sluice.testkit.supabase;

import org.jspecify.annotations.NullMarked;
