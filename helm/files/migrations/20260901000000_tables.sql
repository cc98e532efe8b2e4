-- Tables of Sluice.
--
-- Runs on an empty database, on one that already has user_quotas (user_id, current, "limit"), and again on its own
-- result. Needs no extension, and no more rights than the role that owns a Supabase project's public schema has.
-- Whoever applies the migrations owns everything here; anon and authenticated get nothing, service_role calls the
-- functions. What is internal stands in the schema sluice, which no role may use and PostgREST does not expose.

-- Every Supabase project has these roles; a plain Postgres gets them here.
do $$
begin
  if to_regrole('anon') is null then
    create role anon nologin noinherit;
  end if;
  if to_regrole('authenticated') is null then
    create role authenticated nologin noinherit;
  end if;
  if to_regrole('service_role') is null then
    create role service_role nologin noinherit bypassrls;
  end if;
end
$$;

create schema if not exists sluice;
revoke all on schema sluice from public, anon, authenticated;

-- One row. retention_days is the window in which an event id counts once; set it to what sluice.usage.retention says.
create table if not exists sluice.settings (
  one boolean primary key default true check (one),
  retention_days integer not null default 35 check (retention_days between 1 and 400)
);
insert into sluice.settings default values on conflict do nothing;

create table if not exists public.user_quotas (
  user_id text primary key,
  current bigint not null default 0,
  "limit" bigint
);

-- An older user_quotas: its figures are kept, its columns get the types that the functions expect.
do $$
declare
  v_table constant regclass := 'public.user_quotas';
  v_name text;
begin
  if (select atttypid from pg_attribute where attrelid = v_table and attname = 'user_id') <> 'text'::regtype then
    -- A foreign key to a uuid column and policies that compare with auth.uid() cannot stay on a text column. Neither
    -- is missed: no client role reads this table.
    for v_name in
      select conname from pg_constraint
      where conrelid = v_table and contype = 'f'
        and conkey @> array[(select attnum from pg_attribute where attrelid = v_table and attname = 'user_id')]
    loop
      execute format('alter table public.user_quotas drop constraint %I', v_name);
    end loop;
    for v_name in select polname from pg_policy where polrelid = v_table loop
      execute format('drop policy %I on public.user_quotas', v_name);
    end loop;
    alter table public.user_quotas
      alter column user_id drop default,
      alter column user_id type text using user_id::text;
  end if;
  foreach v_name in array array['current', 'limit'] loop
    if (select atttypid from pg_attribute where attrelid = v_table and attname = v_name) <> 'bigint'::regtype then
      execute format('alter table public.user_quotas alter column %1$I drop default', v_name);
      execute format('alter table public.user_quotas alter column %1$I type bigint using %1$I::bigint', v_name);
    end if;
  end loop;
  update public.user_quotas set current = 0 where current is null;
  -- The functions find a row by its user: one row each.
  if not exists (
    select from pg_index
    where indrelid = v_table and indisunique and indnkeyatts = 1 and indpred is null
      and indkey[0] = (select attnum from pg_attribute where attrelid = v_table and attname = 'user_id')
  ) then
    if exists (select from pg_index where indrelid = v_table and indisprimary) then
      alter table public.user_quotas add unique (user_id);
    else
      alter table public.user_quotas add primary key (user_id);
    end if;
  end if;
end
$$;

-- A limit of null means the limit that Sluice is configured with, so a row made by Sluice has no limit of its own.
alter table public.user_quotas
  alter column user_id set not null,
  alter column current set default 0,
  alter column current set not null,
  alter column "limit" drop default,
  alter column "limit" drop not null,
  add column if not exists bytes_current bigint not null default 0,
  add column if not exists bytes_limit bigint,
  add column if not exists period interval,
  add column if not exists period_starts_at timestamptz,
  add column if not exists period_ends_at timestamptz,
  add column if not exists version bigint not null default 1;

-- Each part of a period is positive, so that its boundaries follow one another.
alter table public.user_quotas drop constraint if exists user_quotas_period_check;
alter table public.user_quotas add constraint user_quotas_period_check check (
  period between interval '1 second' and interval '100 years'
  and extract(year from period) >= 0 and extract(month from period) >= 0 and extract(day from period) >= 0
  and extract(hour from period) >= 0 and extract(minute from period) >= 0 and extract(second from period) >= 0
);

comment on column public.user_quotas.current is 'requests used in this period; never clamped';
comment on column public.user_quotas."limit" is 'requests per period; null: the limit that Sluice is configured with';
comment on column public.user_quotas.bytes_limit is 'bytes per period; null: unlimited';
comment on column public.user_quotas.period is 'null: the figures never start anew';
comment on column public.user_quotas.version is 'raised by trigger at every change, under the lock of the row';

-- Sluice's copies of a row are replaced by newer versions only, so every change must raise it, also one made by hand.
create or replace function sluice.raise_version() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.version := old.version + 1;
  return new;
end
$$;
drop trigger if exists raise_version on public.user_quotas;
create trigger raise_version before update on public.user_quotas
  for each row execute function sluice.raise_version();

create table if not exists public.api_keys (
  id uuid primary key default gen_random_uuid(),
  user_id text not null,
  name text not null default '',
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  prefix text not null default '',
  plan text,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
create index if not exists api_keys_user_id_idx on public.api_keys (user_id);
comment on column public.api_keys.key_hash is 'sha-256 of the key, hex; the key itself is stored nowhere';
comment on column public.api_keys.prefix is 'how the key begins, to tell keys apart';

create table if not exists public.bucket_grants (
  user_id text not null,
  bucket_id text not null,
  can_read boolean not null default false,
  can_write boolean not null default false,
  primary key (user_id, bucket_id)
);
comment on column public.bucket_grants.user_id is '* grants to everybody';

-- What happened to each event id, for as long as the retention says. A charge stands here as
--   counted            counted_in = start of the period whose figures it moved, -infinity for a row without periods
--   not counted        counted_in null: its period had ended, or its refund came first
--   void               counted_in null and code 'VOID': reserve_quota refused it
-- and a refund as
--   subtracted         counted_in = start of the period from which its charge was taken back
--   tombstone          counted_in null: nothing to take back; its charge counts 0 should it still come
create table if not exists public.usage_events (
  id uuid not null,
  day date not null,
  kind text not null check (kind in ('charge', 'refund', 'outcome')),
  user_id text not null,
  api_key_id text,
  operation text,
  provider text,
  amount bigint not null default 0,
  bytes bigint not null default 0,
  success boolean,
  code text,
  period_ends_at timestamptz,
  counted_in timestamptz,
  occurred_at timestamptz not null,
  applied_at timestamptz not null default now(),
  primary key (day, id, kind)
) partition by range (day);
comment on column public.usage_events.id is 'UUIDv7; a refund has the id of its charge';
comment on column public.usage_events.day is 'day of the id''s time, UTC';

-- api_key_id and provider belong to the key and cannot be null: '' stands for none.
create table if not exists public.request_metrics (
  user_id text not null,
  api_key_id text not null default '',
  provider text not null default '',
  day date not null,
  requests bigint not null default 0,
  failures bigint not null default 0,
  bytes bigint not null default 0,
  primary key (user_id, api_key_id, provider, day)
);

-- Supabase grants new tables in public to its roles by default: taken back here, table by table.
do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'public.user_quotas', 'public.api_keys', 'public.bucket_grants', 'public.usage_events', 'public.request_metrics',
    'sluice.settings'
  ] loop
    execute format('alter table %s enable row level security', v_table);
    execute format('revoke all on table %s from public, anon, authenticated', v_table);
  end loop;
end
$$;
grant select, insert, update, delete
  on public.user_quotas, public.api_keys, public.bucket_grants, public.request_metrics to service_role;
grant select on public.usage_events to service_role;
