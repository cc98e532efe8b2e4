-- API keys. Only the hash of a key is kept; a key is shown once, when it is made.

-- Makes a key of a user and answers it: sk_sluice_ and 64 hex digits. They are the hash of two random UUIDs, which is
-- 244 random bits without an extension.
create or replace function public.create_api_key(p_user_id text, p_name text, p_plan text default null) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_key constant text := 'sk_sluice_' || encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
begin
  -- In bucket_grants * is everybody, so nobody is called that.
  if coalesce(p_user_id, '') in ('', '*') or octet_length(p_user_id) > 512 then
    raise exception 'p_user_id is not a user id' using errcode = 'invalid_parameter_value';
  end if;
  insert into public.api_keys (user_id, name, key_hash, prefix, plan)
  values (
    p_user_id, coalesce(p_name, ''), encode(sha256(convert_to(v_key, 'UTF8')), 'hex'), left(v_key, 16), p_plan);
  return v_key;
end
$$;
revoke all on function public.create_api_key(text, text, text) from public, anon, authenticated;
grant execute on function public.create_api_key(text, text, text) to service_role;

-- Whose key has this hash (sha-256, lower case hex); null when it is unknown, expired or revoked. The unique index
-- finds it: a comparison of hashes tells nothing of the keys.
create or replace function public.resolve_api_key(p_key_hash text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object('apiKeyId', k.id, 'userId', k.user_id, 'plan', k.plan)
  from public.api_keys k
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
$$;
revoke all on function public.resolve_api_key(text) from public, anon, authenticated;
grant execute on function public.resolve_api_key(text) to service_role;

-- Revokes a key for good; false when there is no such key. The time of the first revocation stays.
create or replace function public.revoke_api_key(p_id uuid) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.api_keys set revoked_at = coalesce(revoked_at, now()) where id = p_id;
  return found;
end
$$;
revoke all on function public.revoke_api_key(uuid) from public, anon, authenticated;
grant execute on function public.revoke_api_key(uuid) to service_role;
