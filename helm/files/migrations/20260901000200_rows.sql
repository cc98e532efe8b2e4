-- The rows of user_quotas: their periods, their locks, how they are told.
--
-- Lock order, the same everywhere so that nobody waits in a circle: rows of user_quotas by user_id, then partitions
-- and rows of usage_events, then request_metrics by key, then api_keys by id.

-- The period around now of a row whose boundaries are p_anchor + k periods, k >= 0; the first one when the anchor is
-- still to come. Boundaries are counted from the anchor, not from one another, so the length of months does not add
-- up to a drift; and they are estimated, then corrected by a step or two, so it does not matter how many were missed.
create or replace function sluice.period_around(
  p_anchor timestamptz, p_period interval, p_now timestamptz,
  out starts_at timestamptz, out ends_at timestamptz)
language plpgsql immutable set search_path = '' set timezone = 'UTC' as $$
declare
  v_k bigint := greatest(0, floor(extract(epoch from p_now - p_anchor) / extract(epoch from p_period)));
begin
  while v_k > 0 and p_anchor + p_period * v_k > p_now loop
    v_k := v_k - 1;
  end loop;
  while p_anchor + p_period * (v_k + 1) <= p_now loop
    v_k := v_k + 1;
  end loop;
  starts_at := p_anchor + p_period * v_k;
  ends_at := p_anchor + p_period * (v_k + 1);
end
$$;

-- Ends the periods that are over and begins those that were only declared, of the rows that exist. The figures begin
-- anew where a period ended; a row whose period just begins keeps its figures.
create or replace function sluice.roll_over(p_user_ids text[]) returns void
language plpgsql set search_path = '' as $$
begin
  perform from public.user_quotas
  where user_id = any (p_user_ids) and period is not null and (period_ends_at is null or period_ends_at <= now())
  order by user_id collate "C"
  for update;
  if not found then
    return;
  end if;
  update public.user_quotas q
  set current = case when period_ends_at is null then current else 0 end,
      bytes_current = case when period_ends_at is null then bytes_current else 0 end,
      (period_starts_at, period_ends_at) = (
        select p.starts_at, p.ends_at
        from sluice.period_around(coalesce(q.period_ends_at, q.period_starts_at, now()), q.period, now()) p)
  where user_id = any (p_user_ids) and period is not null and (period_ends_at is null or period_ends_at <= now());
end
$$;

-- Makes the rows that are missing, locks all, ends periods. A row that is deleted in between is a conflict (40001) to
-- be tried again: without its row an event must not be recorded.
create or replace function sluice.lock_rows(p_user_ids text[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_locked integer;
begin
  insert into public.user_quotas (user_id)
  select distinct u collate "C" from unnest(p_user_ids) u order by 1
  on conflict (user_id) do nothing;
  perform from public.user_quotas where user_id = any (p_user_ids) order by user_id collate "C" for update;
  get diagnostics v_locked = row_count;
  if v_locked <> (select count(distinct u) from unnest(p_user_ids) u) then
    raise exception 'a row of user_quotas was deleted meanwhile' using errcode = 'serialization_failure';
  end if;
  perform sluice.roll_over(p_user_ids);
end
$$;

-- A period's end is told when there is one to come: a row without a period does not start anew at a time long past.
create or replace function sluice.told_end(p_row public.user_quotas) returns timestamptz
language sql stable set search_path = '' as $$
  select case
    when isfinite(p_row.period_ends_at) and (p_row.period is not null or p_row.period_ends_at > now())
    then p_row.period_ends_at
  end
$$;

create or replace function sluice.row_json(p_row public.user_quotas) returns jsonb
language sql stable set search_path = '' as $$
  select jsonb_build_object(
    'current', p_row.current,
    'limit', p_row."limit",
    'bytesCurrent', p_row.bytes_current,
    'bytesLimit', p_row.bytes_limit,
    'periodEndsAt',
      to_char(sluice.told_end(p_row) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'version', p_row.version)
$$;

-- What the edge must know of a user: the row (null when there is none; ended periods are rolled over) and what the
-- user may do in a bucket (nothing, when p_bucket is null).
create or replace function public.edge_facts(p_user_id text, p_bucket text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform sluice.roll_over(array[p_user_id]);
  return (
    select jsonb_build_object(
      'quota', (select sluice.row_json(q) from public.user_quotas q where q.user_id = p_user_id),
      'canRead', coalesce(bool_or(g.can_read), false),
      'canWrite', coalesce(bool_or(g.can_write), false))
    from public.bucket_grants g
    where g.user_id in (p_user_id, '*') and g.bucket_id = p_bucket);
end
$$;
revoke all on function public.edge_facts(text, text) from public, anon, authenticated;
grant execute on function public.edge_facts(text, text) to service_role;

-- The rows of those users who have one; ended periods are rolled over.
create or replace function public.quotas_of(p_user_ids text[])
returns table (
  user_id text, current bigint, "limit" bigint, bytes_current bigint, bytes_limit bigint, period_ends_at timestamptz,
  version bigint)
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
begin
  perform sluice.roll_over(p_user_ids);
  return query
    select q.user_id, q.current, q."limit", q.bytes_current, q.bytes_limit, sluice.told_end(q), q.version
    from public.user_quotas q
    where q.user_id = any (p_user_ids)
    order by q.user_id collate "C";
end
$$;
revoke all on function public.quotas_of(text[]) from public, anon, authenticated;
grant execute on function public.quotas_of(text[]) to service_role;
