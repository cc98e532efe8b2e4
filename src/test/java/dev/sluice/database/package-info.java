/** The migrations and functions of {@code supabase/migrations}, each on a real Postgres, called as {@code service_role}. */
@NullMarked
package dev.sluice.database;

import org.jspecify.annotations.NullMarked;
