package dev.sluice.supabase;

import org.jspecify.annotations.Nullable;

/**
 * How far a resumable upload is.
 *
 * @param length of the whole upload, in bytes; null while it is not declared
 * @param offset the bytes that storage has
 */
public record UploadState(@Nullable Long length, long offset) {}
