-- The two functions that application code beside Sluice calls. Sluice itself does not: neither knows an event id, so
-- neither is safe to repeat.

-- Older ones may differ in types, names and results, and two of one name make a call ambiguous: all of them go.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname in ('update_request_metrics', 'increment_user_quota')
  loop
    execute format('drop routine %s', v_function);
  end loop;
end
$$;

-- Adds to what a user has used; the row is made where there is none, an ended period is rolled over first. A negative
-- amount takes back.
create function public.increment_user_quota(p_user_id text, p_amount bigint default 1) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if coalesce(p_user_id, '') = '' then
    raise exception 'p_user_id is missing' using errcode = 'invalid_parameter_value';
  end if;
  if p_amount is null or p_amount not between -sluice.max_count() and sluice.max_count() then
    raise exception 'p_amount is out of range' using errcode = 'invalid_parameter_value';
  end if;
  perform sluice.lock_rows(array[p_user_id]);
  update public.user_quotas set current = current + p_amount
  where user_id = p_user_id and current + p_amount between -sluice.max_count() and sluice.max_count();
  if not found then
    raise exception 'what the user has used would be out of range' using errcode = 'invalid_parameter_value';
  end if;
end
$$;
revoke all on function public.increment_user_quota(text, bigint) from public, anon, authenticated;
grant execute on function public.increment_user_quota(text, bigint) to service_role;

-- Counts one request of today, UTC. A key or provider that is null is counted under ''.
create function public.update_request_metrics(
  p_user_id text, p_api_key_id text, p_provider text, p_success boolean, p_file_size bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if coalesce(p_user_id, '') = '' then
    raise exception 'p_user_id is missing' using errcode = 'invalid_parameter_value';
  end if;
  if p_file_size not between 0 and sluice.max_count() then
    raise exception 'p_file_size is out of range' using errcode = 'invalid_parameter_value';
  end if;
  insert into public.request_metrics as m (user_id, api_key_id, provider, day, requests, failures, bytes)
  values (
    p_user_id, coalesce(p_api_key_id, ''), coalesce(p_provider, ''), sluice.today(), 1,
    case when p_success is false then 1 else 0 end, coalesce(p_file_size, 0))
  on conflict (user_id, api_key_id, provider, day) do update
  set requests = m.requests + excluded.requests,
      failures = m.failures + excluded.failures,
      bytes = m.bytes + excluded.bytes;
end
$$;
revoke all on function public.update_request_metrics(text, text, text, boolean, bigint) from public, anon, authenticated;
grant execute on function public.update_request_metrics(text, text, text, boolean, bigint) to service_role;
