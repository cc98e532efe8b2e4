// The project the tests run against, told by the environment; see ../run.

import { createHash, randomBytes } from "node:crypto";
import { createClient } from "@supabase/supabase-js";

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is missing; start the tests with clients/run`);
  }
  return value;
}

/** What an application passes to createClient: the address of the edge, or of Supabase itself. */
export const url = required("SLUICE_CLIENTS_URL").replace(/\/$/, "");

/** The project's anonymous (or publishable) key. */
export const key = required("SLUICE_CLIENTS_KEY");

/** An access token of a user who may do everything below `<user id>/` in the bucket. */
export const token = required("SLUICE_CLIENTS_TOKEN");

export const bucket = process.env.SLUICE_CLIENTS_BUCKET ?? "clients";

/** An API key of Sluice; only where the address is an edge. */
export const apiKey = process.env.SLUICE_CLIENTS_API_KEY;

export const user = JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;

/** The user's client, as an application makes it. */
export function supabase() {
  return createClient(url, key, { accessToken: async () => token });
}

export function storage() {
  return supabase().storage.from(bucket);
}

/** A name in the user's folder that no earlier run has used. */
export function name(file) {
  return `${user}/${randomBytes(6).toString("hex")}/${file}`;
}

export function random(bytes) {
  return randomBytes(bytes);
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The data of a supabase-js answer; fails with its error. */
export function data(answer) {
  if (answer.error) {
    throw answer.error;
  }
  return answer.data;
}

/** The SHA-256 of an object, read back with supabase-js. */
export async function stored(path) {
  const blob = data(await storage().download(path));
  return sha256(Buffer.from(await blob.arrayBuffer()));
}
