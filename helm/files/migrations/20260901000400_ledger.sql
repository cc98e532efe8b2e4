-- The ledger: each event id moves the figures of a user once, whoever sends it, and however often.

-- Makes the partitions that the events need. Called before the transaction has touched usage_events, since it may
-- wait for others who attach one.
create or replace function sluice.ensure_partitions(p_events public.usage_events[]) returns void
language sql volatile set search_path = '' as $$
  select sluice.ensure_partition(d.day) from (select distinct e.day from unnest(p_events) e order by 1) d
$$;

-- Records the charges of a batch; those that are new count, less what a refund that came first gives back, unless their
-- period is over.
create or replace function sluice.apply_charges(p_events public.usage_events[]) returns void
language plpgsql volatile set search_path = '' as $$
declare
  v_days constant date[] := array(select distinct e.day from unnest(p_events) e);
  v_event public.usage_events;
begin
  with batch as (
    select
      e.*, least(e.amount, coalesce(-r.amount, 0)) as amount_back, least(e.bytes, coalesce(-r.bytes, 0)) as bytes_back,
      r.id is not null and e.amount <= -r.amount and e.bytes <= -r.bytes as cancelled
    from unnest(p_events) with ordinality e (
        id, day, kind, user_id, api_key_id, operation, provider, amount, bytes, success, code, period_ends_at,
        counted_in, occurred_at, applied_at, place)
      left join public.usage_events r
        on r.day = any (v_days) and r.day = e.day and r.id = e.id and r.kind = 'refund' and r.user_id = e.user_id
    where e.kind = 'charge'
  ), recorded as (
    insert into public.usage_events (
      id, day, kind, user_id, api_key_id, operation, provider, amount, bytes, success, code, period_ends_at,
      occurred_at, counted_in)
    select
      b.id, b.day, b.kind, b.user_id, b.api_key_id, b.operation, b.provider, b.amount, b.bytes, b.success, b.code,
      b.period_ends_at, b.occurred_at,
      case
        when b.cancelled then null
        when b.period_ends_at <= q.period_starts_at then null
        else coalesce(q.period_starts_at, '-infinity')
      end
    from batch b join public.user_quotas q on q.user_id = b.user_id
    order by b.day, b.id, b.place
    on conflict (day, id, kind) do nothing
    returning id, user_id, amount, bytes, counted_in
  ), counted as (
    select
      r.user_id, sum(r.amount - b.amount_back)::bigint as amount, sum(r.bytes - b.bytes_back)::bigint as bytes
    from recorded r
      join (select distinct on (b.id) b.* from batch b order by b.id, b.place) b on b.id = r.id
    where r.counted_in is not null
    group by r.user_id
  )
  update public.user_quotas q
  set current = q.current + c.amount, bytes_current = q.bytes_current + c.bytes
  from counted c
  where q.user_id = c.user_id and (c.amount <> 0 or c.bytes <> 0);

  select e.* into v_event
  from unnest(p_events) e join public.user_quotas q on q.user_id = e.user_id
  where e.kind = 'charge' and (q.current > sluice.max_count() or q.bytes_current > sluice.max_count())
  order by greatest(e.amount, e.bytes) desc limit 1;
  if found then
    perform sluice.refuse(v_event.id::text, null, 'what the user has used would be out of range');
  end if;
end
$$;

-- Records the refunds of a batch; those that are new take back what they say, at most what their charge counted, if it
-- counted in the row's current period.
create or replace function sluice.apply_refunds(p_events public.usage_events[]) returns void
language plpgsql volatile set search_path = '' as $$
declare
  v_days constant date[] := array(select distinct e.day from unnest(p_events) e);
begin
  with charges as (
    select c.id, c.user_id, c.amount, c.bytes, c.counted_in
    from public.usage_events c
    where c.day = any (v_days) and c.kind = 'charge'
      and c.id in (select e.id from unnest(p_events) e where e.kind = 'refund')
  ), recorded as (
    insert into public.usage_events (
      id, day, kind, user_id, api_key_id, operation, provider, amount, bytes, success, code, period_ends_at,
      occurred_at, counted_in)
    select
      e.id, e.day, e.kind, e.user_id, e.api_key_id, e.operation, e.provider, e.amount, e.bytes, e.success, e.code,
      e.period_ends_at, e.occurred_at,
      case when c.counted_in = coalesce(q.period_starts_at, '-infinity') then c.counted_in end
    from unnest(p_events) with ordinality e (
        id, day, kind, user_id, api_key_id, operation, provider, amount, bytes, success, code, period_ends_at,
        counted_in, occurred_at, applied_at, place)
      join public.user_quotas q on q.user_id = e.user_id
      left join charges c on c.id = e.id and c.user_id = e.user_id
    where e.kind = 'refund'
    order by e.day, e.id, e.place
    on conflict (day, id, kind) do nothing
    returning id, user_id, amount, bytes, counted_in
  ), taken_back as (
    select
      r.user_id,
      sum(least(c.amount, -r.amount))::bigint as amount,
      sum(least(c.bytes, -r.bytes))::bigint as bytes
    from recorded r join charges c on c.id = r.id
    where r.counted_in is not null group by r.user_id
  )
  update public.user_quotas q
  set current = q.current - t.amount, bytes_current = q.bytes_current - t.bytes
  from taken_back t
  where q.user_id = t.user_id and (t.amount <> 0 or t.bytes <> 0);
end
$$;

-- Records the outcomes of a batch; those that are new count in request_metrics. The time of last use only ever moves
-- forward, so it takes no harm from those that are not new.
create or replace function sluice.apply_outcomes(p_events public.usage_events[]) returns void
language plpgsql volatile set search_path = '' as $$
begin
  with recorded as (
    insert into public.usage_events (
      id, day, kind, user_id, api_key_id, operation, provider, amount, bytes, success, code, period_ends_at,
      occurred_at)
    select
      e.id, e.day, e.kind, e.user_id, e.api_key_id, e.operation, e.provider, e.amount, e.bytes, e.success, e.code,
      e.period_ends_at, e.occurred_at
    from unnest(p_events) e
    where e.kind = 'outcome'
    order by e.day, e.id
    on conflict (day, id, kind) do nothing
    returning user_id, api_key_id, provider, day, success, bytes
  )
  insert into public.request_metrics as m (user_id, api_key_id, provider, day, requests, failures, bytes)
  select
    r.user_id, coalesce(r.api_key_id, ''), coalesce(r.provider, ''), r.day,
    count(*), count(*) filter (where not r.success), sum(r.bytes)::bigint
  from recorded r
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (user_id, api_key_id, provider, day) do update
  set requests = m.requests + excluded.requests,
      failures = m.failures + excluded.failures,
      bytes = m.bytes + excluded.bytes;

  with used as (
    select u.id, max(u.used_at) as used_at
    from (
      select
        case when e.api_key_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then e.api_key_id::uuid end as id,
        least(e.occurred_at, now()) as used_at
      from unnest(p_events) e
      where e.kind = 'outcome'
    ) u
    where u.id is not null
    group by u.id
  ), locked as (
    select k.id, u.used_at
    from public.api_keys k join used u on u.id = k.id
    where k.last_used_at is null or k.last_used_at < u.used_at
    order by k.id
    for update of k
  )
  update public.api_keys k
  set last_used_at = l.used_at
  from locked l
  where k.id = l.id;
end
$$;

-- Applies a batch and answers the row of every user it names, also when nothing was new. All or nothing: an event
-- that is invalid refuses the batch (22023, see sluice.refuse). Rows are made where there are none.
--   charge   counts in the figures of its user
--   refund   takes its charge back, or a part of it
--   outcome  counts in request_metrics and marks the API key as used
-- Of events with one id and kind one counts, the first of the batch.
create or replace function public.apply_usage(p_events jsonb)
returns table (
  user_id text, current bigint, "limit" bigint, bytes_current bigint, bytes_limit bigint, period_ends_at timestamptz,
  version bigint)
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_events constant public.usage_events[] := sluice.events_of(p_events);
  v_users constant text[] := array(select distinct e.user_id from unnest(v_events) e);
  v_kinds constant text[] := array(select distinct e.kind from unnest(v_events) e);
begin
  perform sluice.lock_rows(v_users);
  perform sluice.ensure_partitions(v_events);
  if 'charge' = any (v_kinds) then
    perform sluice.apply_charges(v_events);
  end if;
  if 'refund' = any (v_kinds) then
    perform sluice.apply_refunds(v_events);
  end if;
  if 'outcome' = any (v_kinds) then
    perform sluice.apply_outcomes(v_events);
  end if;
  return query
    select q.user_id, q.current, q."limit", q.bytes_current, q.bytes_limit, sluice.told_end(q), q.version
    from public.user_quotas q
    where q.user_id = any (v_users)
    order by q.user_id collate "C";
end
$$;
revoke all on function public.apply_usage(jsonb) from public, anon, authenticated;
grant execute on function public.apply_usage(jsonb) to service_role;

-- Charges a user if that stays within the limits, and answers the row with "allowed". Atomic, and safe to repeat: the
-- event (a charge of this user; p_amount and p_bytes say how much) is recorded also when it is refused, as void, so
-- that its id gets the same answer again and changes nothing when it arrives through apply_usage. What is reserved
-- counts in the period of now, whatever the event says. An id whose refund came first is cancelled: refused as void.
-- p_default_limit holds for rows without a limit; neither given: refused.
create or replace function public.reserve_quota(
  p_user_id text, p_amount bigint, p_bytes bigint, p_default_limit bigint, p_event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_events public.usage_events[];
  v_event public.usage_events;
  v_known public.usage_events;
  v_row public.user_quotas;
  v_allowed boolean;
begin
  if p_event is null or jsonb_typeof(p_event) <> 'object' then
    raise exception 'the event is not a JSON object' using errcode = 'invalid_parameter_value';
  end if;
  v_events := sluice.events_of(jsonb_build_array(
    p_event || jsonb_build_object('amount', p_amount, 'bytes', coalesce(p_bytes, 0))));
  v_event := v_events[1];
  if v_event.kind <> 'charge' then
    perform sluice.refuse(p_event ->> 'id', 1, 'only a charge can be reserved');
  end if;
  if v_event.user_id is distinct from p_user_id then
    perform sluice.refuse(p_event ->> 'id', 1, 'userId is not p_user_id');
  end if;

  perform sluice.lock_rows(array[p_user_id]);
  perform sluice.ensure_partitions(v_events);
  select * into v_row from public.user_quotas q where q.user_id = p_user_id;
  select * into v_known from public.usage_events e
  where e.day = v_event.day and e.id = v_event.id and e.kind = 'charge';
  if found then
    v_allowed := v_known.counted_in is not null or v_known.code is distinct from 'VOID';
  else
    v_allowed := coalesce(
      v_row.current + v_event.amount <= least(coalesce(v_row."limit", p_default_limit), sluice.max_count())
      and v_row.bytes_current + v_event.bytes <= least(v_row.bytes_limit, sluice.max_count())
      and coalesce(v_row."limit", p_default_limit) is not null
      and not exists (
        select from public.usage_events e
        where e.day = v_event.day and e.id = v_event.id and e.kind = 'refund' and e.user_id = p_user_id),
      false);
    if v_allowed then
      v_event.counted_in := coalesce(v_row.period_starts_at, '-infinity');
    else
      v_event.code := 'VOID';
    end if;
    insert into public.usage_events select v_event.*;
    if v_allowed and (v_event.amount <> 0 or v_event.bytes <> 0) then
      update public.user_quotas q
      set current = q.current + v_event.amount, bytes_current = q.bytes_current + v_event.bytes
      where q.user_id = p_user_id
      returning q.* into v_row;
    end if;
  end if;
  return jsonb_build_object('allowed', v_allowed) || sluice.row_json(v_row);
end
$$;
revoke all on function public.reserve_quota(text, bigint, bigint, bigint, jsonb) from public, anon, authenticated;
grant execute on function public.reserve_quota(text, bigint, bigint, bigint, jsonb) to service_role;
