create table if not exists public.user_quotas (
  user_id text primary key,
  current bigint not null default 0,
  "limit" bigint
);
