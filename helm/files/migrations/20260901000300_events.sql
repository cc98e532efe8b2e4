-- Usage events as the gateway sends them, read and judged before anything is touched.

-- Counters are integers that survive a double: Lua, JSON and JavaScript read them.
create or replace function sluice.max_count() returns bigint
language sql immutable as $$ select 9007199254740991 $$;

-- Refuses an event: SQLSTATE 22023, the event's id in the message and alone in the detail, so that whoever sent a
-- batch can find it. An event without a usable id is named by its place in the batch, #1 the first.
create or replace function sluice.refuse(p_id text, p_place bigint, p_reason text) returns void
language plpgsql set search_path = '' as $$
declare
  v_name constant text := coalesce(left(nullif(p_id, ''), 64), '#' || p_place);
begin
  raise exception 'invalid event %: %', v_name, p_reason
    using errcode = 'invalid_parameter_value', detail = v_name;
end
$$;

-- RFC 9562, section 5.7: the first 48 bits of a UUIDv7 are its Unix time in milliseconds.
create or replace function sluice.time_of(p_id uuid) returns timestamptz
language sql immutable as $$
  select to_timestamp(('x0000' || replace(left(p_id::text, 13), '-', ''))::bit(64)::bigint / 1000.0)
$$;

-- The events of a batch in its order, as rows of usage_events that are not counted yet. A missing amount, count of
-- bytes or time of an event is 0 and the id's time; a code is kept for outcomes only ('VOID' is ours to give).
create or replace function sluice.events_of(p_events jsonb) returns public.usage_events[]
language plpgsql stable set search_path = '' set timezone = 'UTC' as $$
declare
  c_id constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
  c_count constant text := '^-?[0-9]{1,16}$';
  c_time constant text := '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$';
  v_oldest constant date := sluice.oldest_day();
  v_newest constant timestamptz := now() + interval '1 day';
  v_bad record;
  v_event record;
  v_events public.usage_events[];
begin
  if p_events is null or jsonb_typeof(p_events) <> 'array' then
    raise exception 'events are not a JSON array' using errcode = 'invalid_parameter_value';
  end if;
  select e.place into v_bad
  from jsonb_array_elements(p_events) with ordinality e (event, place)
  where jsonb_typeof(e.event) <> 'object'
  order by e.place limit 1;
  if found then
    perform sluice.refuse(null, v_bad.place, 'not an object');
  end if;

  select e.id, e.place, e.reason into v_bad
  from (
    select e.id, e.place, case
      when e.id is null then 'missing id'
      when e.id !~* (c_id || case e.kind when 'refund' then '(:r)?$' when 'outcome' then '(:o)?$' else '$' end)
        then case
          when e.kind is null or e.kind not in ('charge', 'refund', 'outcome') then 'unknown kind'
          else 'id is not a UUIDv7'
        end
      when e.kind is null or e.kind not in ('charge', 'refund', 'outcome') then 'unknown kind'
      when coalesce(e."userId", '') = '' then 'missing userId'
      when octet_length(e."userId") > 512 then 'userId is longer than 512 bytes'
      when octet_length(e."apiKeyId") > 256 or octet_length(e.operation) > 128 or octet_length(e.provider) > 128
        or octet_length(e.code) > 256 then 'apiKeyId, operation, provider or code is too long'
      when e.amount is null and e.kind <> 'outcome' then 'missing amount'
      when e.amount !~ c_count then 'amount is not an integer'
      when e.bytes !~ c_count then 'bytes is not an integer'
      when abs(e.amount::bigint) > sluice.max_count() then 'amount is out of range'
      when abs(e.bytes::bigint) > sluice.max_count() then 'bytes is out of range'
      when e.kind = 'charge' and e.amount::bigint < 0 then 'amount of a charge is negative'
      when e.kind in ('charge', 'outcome') and e.bytes::bigint < 0 then 'bytes of a ' || e.kind || ' is negative'
      when e.kind = 'refund' and e.amount::bigint > 0 then 'amount of a refund is positive'
      when e.kind = 'refund' and e.bytes::bigint > 0 then 'bytes of a refund is positive'
      when e.success not in ('true', 'false') then 'success is not a boolean'
      when e."periodEndsAt" !~ c_time then 'periodEndsAt is not a timestamp'
      when e."occurredAt" !~ c_time then 'occurredAt is not a timestamp'
      when sluice.time_of(left(e.id, 36)::uuid) > v_newest then 'more than a day in the future'
      when (sluice.time_of(left(e.id, 36)::uuid))::date < v_oldest then 'older than the retention'
    end as reason
    from rows from (jsonb_to_recordset(p_events) as (
      id text, kind text, "userId" text, "apiKeyId" text, operation text, provider text, amount text, bytes text,
      success text, code text, "periodEndsAt" text, "occurredAt" text)) with ordinality
      e (id, kind, "userId", "apiKeyId", operation, provider, amount, bytes, success, code, "periodEndsAt",
        "occurredAt", place)
  ) e
  where e.reason is not null
  order by e.place limit 1;
  if found then
    perform sluice.refuse(v_bad.id, v_bad.place, v_bad.reason);
  end if;

  begin
    select array_agg(
      row(
        left(e.id, 36)::uuid, (sluice.time_of(left(e.id, 36)::uuid))::date, e.kind, e."userId", e."apiKeyId",
        e.operation, e.provider, coalesce(e.amount, 0), coalesce(e.bytes, 0), e.success,
        case when e.kind = 'outcome' then e.code end, e."periodEndsAt"::timestamptz, null,
        coalesce(e."occurredAt"::timestamptz, sluice.time_of(left(e.id, 36)::uuid)), now()
      )::public.usage_events order by e.place)
    into v_events
    from rows from (jsonb_to_recordset(p_events) as (
      id text, kind text, "userId" text, "apiKeyId" text, operation text, provider text, amount bigint, bytes bigint,
      success boolean, code text, "periodEndsAt" text, "occurredAt" text)) with ordinality
      e (id, kind, "userId", "apiKeyId", operation, provider, amount, bytes, success, code, "periodEndsAt",
        "occurredAt", place);
  exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    -- Well formed, and yet no time (a 31st of February): only now is it worth looking at each.
    for v_event in select e.event, e.place from jsonb_array_elements(p_events) with ordinality e (event, place) loop
      begin
        perform (v_event.event ->> 'periodEndsAt')::timestamptz, (v_event.event ->> 'occurredAt')::timestamptz;
      exception when data_exception then
        perform sluice.refuse(v_event.event ->> 'id', v_event.place, 'periodEndsAt or occurredAt is not a timestamp');
      end;
    end loop;
    raise;
  end;
  return coalesce(v_events, '{}');
end
$$;
