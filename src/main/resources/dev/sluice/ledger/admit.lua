-- One admission: all rate windows, the uploads in flight, the quota and the bucket verdicts of a request, all or nothing.
-- Of a request that is admitted, also what filters in shadow mode would have said: that decides and charges nothing.
--
-- KEYS 1 fence   2 usage stream   3 ledger hash
--      4.. what the options name, then one verdict per bucket, one hash per rate window, and what the shadows name
-- ARGV the options, which few requests have; those that name a key in the order of their keys:
--      'fence', token: to install
--      'held': facts that are due were just read: a period that still looks ended is the clocks' difference
--      'trust': facts cannot be read: a known ledger is used as it is, a stub is charged without a limit
--      'known': as 'trust', but a stub answers 'load'. Without any of these three, what is missing or due answers 'load'
--      'default', limit: of a ledger that has none; without it that is 0
--      'bytes', how many to charge: without it none
--      'nothing', the ledger's time to live in ms: to charge are neither requests nor bytes
--      'any': it is enough that one bucket is granted
--      'flight', lease of this upload '<id>:<bytes>', its time in ms, its bytes, uploads in flight at most, '' for no limit,
--        bytes in flight at most, '' for no limit; its key: the leases of uploads in flight, a sorted set
--      'again', ms for which the event id may come again: it is remembered that it was charged, and one that was is neither
--        checked against the quota nor charged again; its key: that it was, a string
--    then four: requests to charge, '' for no quota claim; incarnation for a hash made here; event id; event, JSON
--    then one per bucket: 'ask' read the verdict, 'yes' or 'no' it was decided elsewhere
--    then three per rate window: limit, window in ms, cost
--    then per shadow its kind, how many keys it names, how many arguments follow, and those: 'rate', three per window as
--      above, each a hash of its own; 'quota', 'requests'|'bytes', amount, limit or '' for the ledger's, default limit or '';
--      'bucket', 'all'|'any'
--
-- Reply (strings and integers; 53-bit):
--   {'load', incarnation, fence, quota facts needed 0|1, index from 0 of each bucket whose verdict is needed...}: nothing
--     was counted; a quota that is known to be exceeded is told first, so that whoever has spent it costs the database
--     nothing
--   {'rate', index of the window from 0, R...}
--   {'flight', 'uploads'|'bytes', limit, R...}
--   {'quota', 'requests'|'bytes', used, limit, periodEndsAt in epoch ms or '', now in epoch ms, R...}
--   {'bucket', index from 0 of the first that is denied, R...}
--   {'admitted', incarnation, periodEndsAt or '', one verdict '1'|'0' per bucket..., R..., S...}
--   R: two per rate window: what counts now, this request included; ms until the oldest counted bucket leaves (or, for a
--   window that is full, until cost fits)
--   S: four per shadow: 'pass', '', '', ''; 'exceeded', current, limit, ms until it may fit or ''; 'denied', index from 0 of
--   the first such bucket, '', ''; 'unknown', incarnation of the ledger whose facts are missing or '', fence, indexes of the
--   buckets whose verdict is missing; 'failed', '', '', ''
--
-- Rolling windows: see window-function.lua. The field '-1' of a window says what stays as it is while a bucket is the current
-- one: ((counted before that bucket) * 262144 + that bucket % 262144) * 32 + age of the oldest that counts, in buckets. So only
-- the first admission in a bucket reads all of them; it writes the field, and gives the key its time to live. Who does not
-- know the field takes it for a bucket that is long gone, and removes it when he counts.

-- Once all else is decided: writes what was only read of the windows, or takes back what was counted already.
local function end_windows(windows, admitted)
  for _, w in ipairs(windows) do
    if admitted and w.stale then
      if #w.stale > 0 then
        redis.call('HDEL', w.key, unpack(w.stale))
      end
      redis.call('HSET', w.key, '-1', (w.before * 262144 + w.newest % 262144) * 32 + w.age,
        w.newest, w.used - w.before + w.cost)
      redis.call('PEXPIRE', w.key, w.lives)
    elseif not admitted and not w.stale then
      redis.call('HINCRBY', w.key, w.newest, 0 - w.cost)
    end
  end
end

-- Whether a ledger's facts, which were read at some time, have to be read again.
local function is_due(ledger, fence, facts, now)
  if facts == 'trust' or facts == 'known' then
    return false
  end
  local ends = ledger[6]
  return ledger[2] ~= fence or (not facts and ends and ends ~= '' and now >= tonumber(ends))
end

local function make_stub(quota, incarnation, fence)
  redis.call('HSET', quota, 'incarnation', incarnation, 'fence', fence, 'pending', '0', 'base', '0', 'stub', '1')
  redis.call('PEXPIRE', quota, 10000)
end

local MOST = 9007199254740991
local KEYS, ARGV, call = KEYS, ARGV, redis.call
local time = redis.call('TIME')
local now = time[1] * 1000 + (time[2] - time[2] % 1000) / 1000

local at, key = 1, 4
local token, facts, default_limit, bytes, nothing, any, lease, leases, repeats, charged
while true do
  local option = ARGV[at]
  if option == 'default' then
    default_limit = ARGV[at + 1]
    at = at + 2
  elseif option == 'bytes' then
    bytes = ARGV[at + 1]
    at = at + 2
  elseif option == 'held' or option == 'trust' or option == 'known' then
    facts = option
    at = at + 1
  elseif option == 'any' then
    any = true
    at = at + 1
  elseif option == 'nothing' then
    nothing = ARGV[at + 1]
    at = at + 2
  elseif option == 'fence' then
    token = ARGV[at + 1]
    at = at + 2
  elseif option == 'flight' then
    lease = at + 1
    leases = KEYS[key]
    at = at + 6
    key = key + 1
  elseif option == 'again' then
    repeats = ARGV[at + 1]
    charged = KEYS[key]
    at = at + 2
    key = key + 1
  else
    break
  end
end
local amount, incarnation, event_id, event = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
at = at + 4

local fence = install_fence(KEYS[1], token)

-- Uploads in flight: a lease that ran out is of an instance that has died, and counts no more.
local full, full_at
if lease then
  call('ZREMRANGEBYSCORE', leases, '-inf', now)
  local uploads = 1
  local in_flight = tonumber(ARGV[lease + 2])
  for _, other in ipairs(call('ZRANGE', leases, 0, -1)) do
    if other ~= ARGV[lease] then
      uploads = uploads + 1
      in_flight = in_flight + tonumber(string.match(other, ':(%d+)$'))
    end
  end
  local most_uploads, most_bytes = ARGV[lease + 3], ARGV[lease + 4]
  if most_uploads ~= '' and uploads > tonumber(most_uploads) then
    full, full_at = 'uploads', most_uploads
  elseif most_bytes ~= '' and in_flight > tonumber(most_bytes) then
    full, full_at = 'bytes', most_bytes
  end
end

-- The ledger: whether facts are needed, and what is exceeded.
local quota = KEYS[3]
local paid = charged and amount ~= '' and call('EXISTS', charged) == 1
local charging = amount ~= '' and not paid
local h, is_new, need_facts, spent, used, most
if charging then
  if bytes or nothing then
    h = call('HMGET', quota, 'incarnation', 'fence', 'pending', 'base', 'limit', 'periodEndsAt', 'stub',
      'bytesPending', 'bytesBase', 'bytesLimit')
  else
    h = call('HMGET', quota, 'incarnation', 'fence', 'pending', 'base', 'limit', 'periodEndsAt', 'stub')
  end
  if not h[1] then
    is_new = true
    h = { incarnation, fence, '0', '0', false, false, '1', false, false, false }
  end
  if h[7] == '1' then
    need_facts = facts ~= 'trust'
  else
    need_facts = is_due(h, fence, facts, now)
    used = h[3] + tonumber(h[4])
    most = h[5]
    if not most or most == '' then
      most = default_limit or '0'
    end
    if amount ~= '0' and used + amount > math.min(most, MOST) then
      spent = 'requests'
    elseif bytes then
      used = (h[8] or 0) + tonumber(h[9] or 0)
      most = h[10]
      if not most or most == '' then
        most = string.format('%.0f', MOST)
      end
      if used + bytes > math.min(most, MOST) then
        spent = 'bytes'
      end
    end
    spent = not need_facts and spent
  end
end

-- The verdicts on buckets. They take the place of their arguments, so that they can be answered as they stand.
local first_bucket = at
local denied, granted, unknown
local verdict = ARGV[at]
while verdict == 'ask' or verdict == 'yes' or verdict == 'no' do
  if verdict == 'ask' then
    verdict = call('GET', KEYS[key])
  else
    verdict = verdict == 'yes' and '1' or '0'
  end
  ARGV[at] = verdict
  if not verdict then
    unknown = unknown or {}
    unknown[#unknown + 1] = at - first_bucket
  elseif verdict == '0' then
    denied = denied or at - first_bucket
  else
    granted = true
  end
  at = at + 1
  key = key + 1
  verdict = ARGV[at]
end
if any and granted then
  denied = nil
end

-- The rate windows come last, though a full one is told first: if nothing else refuses, one whose field '-1' is of the
-- current bucket is counted at once, since that also tells its count. What they say takes the place of their arguments too.
local refused = full or need_facts or spent or unknown or denied
local first_window, said = at, at
local windows, full_window, unread = {}, nil, false
local limit = ARGV[at]
while limit and limit ~= 'rate' and limit ~= 'quota' and limit ~= 'bucket' do
  local name, width, cost = KEYS[key], ARGV[at + 1] / 20, ARGV[at + 2]
  local before = not refused and call('HGET', name, '-1')
  local w
  if before then
    local newest = (now - now % width) / width
    local age = before % 32
    local rest = (before - age) / 32
    local bucket = rest % 262144
    if bucket == newest % 262144 then
      local counted = (rest - bucket) / 262144 + call('HINCRBY', name, newest, cost)
      w = { key = name, newest = newest, cost = cost }
      if limit - counted < 0 then
        end_windows({ w }, false)
        w = nil
      else
        ARGV[said] = counted
        ARGV[said + 1] = (newest - age + 21) * width - now
      end
    end
  end
  if not w then
    w = read_window(name, limit, ARGV[at + 1], cost, now)
    if w.over > 0 then
      full_window = full_window or (at - first_window) / 3
      refused = true
    end
    ARGV[said] = w.used + cost
    ARGV[said + 1] = w.reset
    unread = true
  end
  windows[#windows + 1] = w
  at = at + 3
  key = key + 1
  said = said + 2
  limit = ARGV[at]
end

if full_window then
  end_windows(windows, false)
  return { 'rate', full_window, unpack(ARGV, first_window, said - 1) }
end
if full then
  return { 'flight', full, full_at, unpack(ARGV, first_window, said - 1) }
end
if spent then
  return { 'quota', spent, used, most, h[6] or '', now, unpack(ARGV, first_window, said - 1) }
end
if unknown or need_facts then
  if is_new then
    make_stub(quota, incarnation, fence)
  end
  return { 'load', charging and h[1] or '', fence, need_facts and 1 or 0, unpack(unknown or {}) }
end
if denied then
  return { 'bucket', denied, unpack(ARGV, first_window, said - 1) }
end

-- The shadows, before anything is charged. One that fails fails alone.
local shadows = {}
if ARGV[at] then
  local judge = {}

  function judge.rate(first_key, keys, arg)
    local candidate = {}
    for i = 0, keys - 1 do
      local a = arg + 3 * i
      local w = read_window(KEYS[first_key + i], ARGV[a], ARGV[a + 1], ARGV[a + 2], now)
      if w.over > 0 then
        return { 'exceeded', w.used, ARGV[a], w.reset }
      end
      candidate[#candidate + 1] = w
    end
    end_windows(candidate, true)
    return { 'pass', '', '', '' }
  end

  function judge.quota(_, _, arg)
    local in_bytes = ARGV[arg] == 'bytes'
    local more = tonumber(ARGV[arg + 1])
    if more == 0 or paid then
      return { 'pass', '', '', '' }
    end
    local l = call('HMGET', quota, 'incarnation', 'fence', 'pending', 'base', 'limit', 'periodEndsAt', 'stub',
      'bytesPending', 'bytesBase', 'bytesLimit')
    if not l[1] then
      make_stub(quota, incarnation, fence)
      is_new = false
      l[1], l[7] = incarnation, '1'
    end
    if l[7] == '1' or is_due(l, fence, facts, now) then
      return { 'unknown', l[1], fence, '' }
    end
    local most, so_far
    if in_bytes then
      most = l[10] or ''
      so_far = (l[8] or 0) + tonumber(l[9] or 0)
    else
      most = l[5] or ''
      so_far = l[3] + tonumber(l[4])
    end
    if ARGV[arg + 2] ~= '' then
      most = ARGV[arg + 2]
    elseif most == '' and in_bytes then
      most = string.format('%.0f', MOST)
    elseif most == '' then
      most = ARGV[arg + 3] ~= '' and ARGV[arg + 3] or '0'
    end
    if so_far + more > math.min(most, MOST) then
      return { 'exceeded', so_far, most, l[6] and l[6] ~= '' and math.max(0, l[6] - now) or '' }
    end
    return { 'pass', '', '', '' }
  end

  function judge.bucket(first_key, keys, arg)
    local missing = {}
    local some = false
    local first
    for i = 0, keys - 1 do
      local said = call('GET', KEYS[first_key + i])
      if not said then
        missing[#missing + 1] = i
      elseif said == '0' then
        first = first or i
      else
        some = true
      end
    end
    if #missing > 0 then
      return { 'unknown', '', fence, table.concat(missing, ',') }
    end
    if first and (ARGV[arg] == 'all' or not some) then
      return { 'denied', first, '', '' }
    end
    return { 'pass', '', '', '' }
  end

  while ARGV[at] do
    local keys = tonumber(ARGV[at + 1])
    local ok, said = pcall(judge[ARGV[at]], key, keys, at + 3)
    for _, value in ipairs(ok and said or { 'failed', '', '', '' }) do
      shadows[#shadows + 1] = value
    end
    key = key + keys
    at = at + 3 + tonumber(ARGV[at + 2])
  end
end

-- Admitted: count, charge and record together.
if unread then
  end_windows(windows, true)
end

if lease then
  call('ZADD', leases, now + tonumber(ARGV[lease + 1]), ARGV[lease])
  call('PEXPIRE', leases, ARGV[lease + 1])
end

if charging then
  if is_new then
    make_stub(quota, incarnation, fence)
  end
  if amount ~= '0' then
    call('HINCRBY', quota, 'pending', amount)
  end
  if bytes then
    call('HINCRBY', quota, 'bytesPending', bytes)
  end
  -- As renew_expiry in takeover-function.lua: a ledger that had something pending has no expiry already.
  if nothing then
    if h[3] == '0' and (h[8] or '0') == '0' and h[7] ~= '1' then
      call('PEXPIRE', quota, nothing)
    end
  elseif h[3] == '0' then
    call('PERSIST', quota)
  end
  call('XADD', KEYS[2], '*', 'id', event_id, 'inc', h[1], 'period', h[6] or '', 'event', event)
  if charged then
    call('PSETEX', charged, repeats, '1')
  end
end

for _, value in ipairs(shadows) do
  ARGV[said] = value
  said = said + 1
end
return { 'admitted', charging and h[1] or '', charging and h[6] or '', unpack(ARGV, first_bucket, said - 1) }
