-- Partitions of usage_events: one for each day, in the schema sluice. There is no default partition; a day that has
-- none gets it from the first event of that day.

create or replace function sluice.today() returns date
language sql stable set search_path = '' as $$
  select (now() at time zone 'UTC')::date
$$;

create or replace function sluice.oldest_day() returns date
language sql stable set search_path = '' as $$
  select sluice.today() - (select retention_days from sluice.settings)
$$;

-- Makes the partition of a day unless it is there; true when it made it. A table is made and then attached, since
-- attaching does not wait for those who use the other partitions.
create or replace function sluice.ensure_partition(p_day date) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_name constant text := 'usage_events_' || to_char(p_day, 'YYYYMMDD');
begin
  if to_regclass('sluice.' || v_name) is not null then
    return false;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('sluice.usage_events', 0));
  -- Asked of the catalog itself: the name above may be remembered as unknown, although somebody made it meanwhile.
  if exists (
    select from pg_catalog.pg_class c where c.relnamespace = 'sluice'::regnamespace and c.relname = v_name
  ) then
    return false;
  end if;
  execute format('create table sluice.%I (like public.usage_events including all)', v_name);
  execute format('alter table sluice.%I enable row level security', v_name);
  execute format('revoke all on table sluice.%I from public, anon, authenticated', v_name);
  execute format(
    'alter table public.usage_events attach partition sluice.%I for values from (%L) to (%L)',
    v_name, p_day, p_day + 1);
  return true;
end
$$;

-- Makes the partitions from the oldest day that is kept to a week ahead and drops the older ones; answers how many:
-- {"created":1,"dropped":1}. Call it once a day. The oldest day goes one day late, so that an event which was young
-- enough when its transaction began still finds its partition. Dropping waits at most 5 s for running transactions
-- (55P03 lock_not_available afterwards: call again). p_retention_days, if given, is from now on how many days are kept.
create or replace function public.maintain_usage_partitions(p_retention_days integer default null) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s' as $$
declare
  v_oldest date;
  v_partition record;
  v_created integer := 0;
  v_dropped integer := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('sluice.usage_events', 0));
  update sluice.settings set retention_days = p_retention_days where retention_days <> p_retention_days;
  v_oldest := sluice.oldest_day();
  for v_partition in
    select c.relname, c.oid::regclass as name
    from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.usage_events'::regclass and c.relname ~ '^usage_events_\d{8}$'
  loop
    if to_date(right(v_partition.relname, 8), 'YYYYMMDD') < v_oldest - 1 then
      execute format('drop table %s', v_partition.name);
      v_dropped := v_dropped + 1;
    end if;
  end loop;
  for v_ahead in 0 .. (sluice.today() + 7 - v_oldest) loop
    if sluice.ensure_partition(v_oldest + v_ahead) then
      v_created := v_created + 1;
    end if;
  end loop;
  return jsonb_build_object('created', v_created, 'dropped', v_dropped);
end
$$;
revoke all on function public.maintain_usage_partitions(integer) from public, anon, authenticated;
grant execute on function public.maintain_usage_partitions(integer) to service_role;

select public.maintain_usage_partitions();
