-- One admission: all rate windows, the uploads in flight, the quota and the bucket verdicts of a request, all or nothing.
-- Of a request that is admitted, also what filters in shadow mode would have said: that decides and charges nothing.
--
-- KEYS 1 fence   2 usage stream   3 ledger hash   4 leases of uploads in flight, a sorted set
--      5 that this event id was charged, a string; the ledger hash again if nobody will ask
--      6.. one hash per rate window, then one verdict per bucket, then what the shadows name
-- ARGV 1 fence token to install, '' for none
--      2 how to treat facts that are missing or due: 'ask' (answer 'load'), 'held' (they were just read: a period that
--        still looks ended is the clocks' difference), 'trust' (they cannot be read: a known ledger is used as it is,
--        a stub is charged without a limit), 'known' (as 'trust', but a stub answers 'load')
--      3 ledger's time to live, ms, while nothing is pending
--      4 requests to charge, '' for no quota claim   5 bytes to charge   6 default limit, '' for none
--      7 incarnation for a hash made here   8 event id   9 event, JSON
--      10 number of rate windows   11 'all' if every bucket must be granted, 'any' if one is enough
--      12 lease of this upload, '<id>:<bytes>'; '' for no claim   13 its time, ms   14 its bytes
--      15 uploads in flight at most, '' for no limit   16 bytes in flight at most, '' for no limit
--      17 for how long the event id may come again, ms; '' for never: else it is remembered that it was charged, and one that
--        was is neither checked against the quota nor charged again
--      18 number of bucket verdicts
--      19.. three per rate window: limit, window in ms, cost; then one per bucket: 'ask' read the verdict, '1' or '0' it
--        was decided elsewhere; then per shadow its kind, how many keys it names, how many arguments follow, and those:
--        'rate', three per window as above, each a hash of its own; 'quota', 'requests'|'bytes', amount, limit or '' for
--        the ledger's, default limit or ''; 'bucket', 'all'|'any'
--
-- Reply (strings and integers; 53-bit):
--   {'load', incarnation, fence, quota facts needed 0|1, index from 0 of each bucket whose verdict is needed...}: nothing
--     was counted; a quota that is known to be exceeded is told first, so that whoever has spent it costs the database
--     nothing
--   {'rate', index of the window from 0, R...}
--   {'flight', 'uploads'|'bytes', limit, R...}
--   {'quota', 'requests'|'bytes', used, limit, periodEndsAt in epoch ms or '', now in epoch ms, R...}
--   {'bucket', index from 0 of the first that is denied, R...}
--   {'admitted', incarnation, periodEndsAt or '', used, limit or '', R..., one verdict '1'|'0' per bucket..., S...}
--   R: three per rate window: current (what counts now, this request included if admitted), limit, ms until the
--   oldest counted bucket leaves (or, for a window that is full, until cost fits)
--   S: four per shadow: 'pass', '', '', ''; 'exceeded', current, limit, ms until it may fit or ''; 'denied', index from 0 of
--   the first such bucket, '', ''; 'unknown', incarnation of the ledger whose facts are missing or '', fence, indexes of the
--   buckets whose verdict is missing; 'failed', '', '', ''
--
-- Rolling windows: see window-function.lua.

local MOST = 9007199254740991
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local fence = install_fence(KEYS[1], ARGV[1])

-- Rate windows: read all, decide, write only at the end.
local WINDOWS = tonumber(ARGV[10])
local VERDICTS = tonumber(ARGV[18])
local windows = {}
local refused_window
for i = 6, 5 + WINDOWS do
  local a = 19 + (i - 6) * 3
  local w = read_window(KEYS[i], tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), now)
  if w.over > 0 and not refused_window then
    refused_window = #windows
  end
  windows[#windows + 1] = w
end

local function count_window(w)
  if #w.stale > 0 then
    redis.call('HDEL', w.key, unpack(w.stale))
  end
  redis.call('HINCRBY', w.key, string.format('%.0f', w.newest), string.format('%.0f', w.cost))
  local ahead = math.max(0, w.newest * w.width - now)
  redis.call('PEXPIRE', w.key, string.format('%.0f', math.ceil(ahead + (BUCKETS + 2) * w.width)))
end

local function with_rates(reply, admitted)
  for _, w in ipairs(windows) do
    reply[#reply + 1] = string.format('%.0f', w.used + (admitted and w.cost or 0))
    reply[#reply + 1] = string.format('%.0f', w.limit)
    reply[#reply + 1] = string.format('%.0f', math.ceil(w.reset))
  end
  return reply
end

if refused_window then
  return with_rates({ 'rate', refused_window }, false)
end

-- Uploads in flight: a lease that ran out is of an instance that has died, and counts no more.
local lease = ARGV[12]
if lease ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', string.format('%.0f', now))
  local uploads = 1
  local in_flight = tonumber(ARGV[14])
  for _, other in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    if other ~= lease then
      uploads = uploads + 1
      in_flight = in_flight + tonumber(string.match(other, ':(%d+)$'))
    end
  end
  if ARGV[15] ~= '' and uploads > tonumber(ARGV[15]) then
    return with_rates({ 'flight', 'uploads', ARGV[15] }, false)
  end
  if ARGV[16] ~= '' and in_flight > tonumber(ARGV[16]) then
    return with_rates({ 'flight', 'bytes', ARGV[16] }, false)
  end
end

-- Quota and buckets: what is known, and what has to be asked first.
local mode = ARGV[2]
local quota = KEYS[3]
local repeatable = ARGV[4] ~= '' and ARGV[17] ~= ''
local paid = repeatable and redis.call('EXISTS', KEYS[5]) == 1
local charging = ARGV[4] ~= '' and not paid
local amount = tonumber(ARGV[4]) or 0
local bytes = tonumber(ARGV[5]) or 0
local limit = ''
local used = 0
local h
local need_facts = false

-- The ledger (a stub where there is none), and whether its facts are due.
local function read_ledger()
  local l = redis.call('HMGET', quota, 'incarnation', 'stub', 'base', 'pending', 'limit', 'bytesBase', 'bytesPending',
    'bytesLimit', 'periodEndsAt', 'fence')
  local ended = l[9] and l[9] ~= '' and now >= tonumber(l[9])
  if not l[1] then
    redis.call('HSET', quota, 'incarnation', ARGV[7], 'stub', '1', 'base', '0', 'bytesBase', '0', 'pending', '0',
      'bytesPending', '0', 'fence', fence)
    redis.call('PEXPIRE', quota, 10000)
    l = { ARGV[7], '1', '0', '0', false, '0', '0', false, '', fence }
  end
  local due = (ended and mode == 'ask') or l[10] ~= fence
  return l, due and mode ~= 'trust' and mode ~= 'known'
end

if charging then
  local due
  h, due = read_ledger()
  need_facts = (h[2] == '1' and mode ~= 'trust') or due
end

if charging and not need_facts then
  used = tonumber(h[3]) + tonumber(h[4])
  if h[2] ~= '1' then
    limit = h[5]
    if not limit or limit == '' then
      limit = ARGV[6] ~= '' and ARGV[6] or '0'
    end
    if amount > 0 and used + amount > math.min(tonumber(limit), MOST) then
      return with_rates({ 'quota', 'requests', string.format('%.0f', used), limit, h[9] or '',
        string.format('%.0f', now) }, false)
    end
    local bytes_used = tonumber(h[6]) + tonumber(h[7])
    local bytes_limit = h[8]
    if not bytes_limit or bytes_limit == '' then
      bytes_limit = string.format('%.0f', MOST)
    end
    if bytes > 0 and bytes_used + bytes > math.min(tonumber(bytes_limit), MOST) then
      return with_rates({ 'quota', 'bytes', string.format('%.0f', bytes_used), bytes_limit, h[9] or '',
        string.format('%.0f', now) }, false)
    end
  end
end

local verdicts = {}
local unknown = {}
local granted = 0
local denied
for b = 0, VERDICTS - 1 do
  local verdict = ARGV[19 + 3 * WINDOWS + b]
  if verdict == 'ask' then
    verdict = redis.call('GET', KEYS[6 + WINDOWS + b])
  end
  if not verdict then
    unknown[#unknown + 1] = b
  elseif verdict == '0' then
    denied = denied or b
  else
    granted = granted + 1
  end
  verdicts[#verdicts + 1] = verdict
end

if #unknown > 0 or need_facts then
  return { 'load', charging and h[1] or '', fence, need_facts and 1 or 0, unpack(unknown) }
end

if denied and (ARGV[11] == 'all' or granted == 0) then
  return with_rates({ 'bucket', denied }, false)
end

-- The shadows, before anything is charged. One that fails fails alone.
local shadows = {}
local at = 19 + 3 * WINDOWS + VERDICTS
if at <= #ARGV then
  local judge = {}

  function judge.rate(key, keys, arg)
    local candidate = {}
    for i = 0, keys - 1 do
      local a = arg + 3 * i
      local w = read_window(KEYS[key + i], tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), now)
      if w.over > 0 then
        return { 'exceeded', string.format('%.0f', w.used), ARGV[a], string.format('%.0f', math.ceil(w.reset)) }
      end
      candidate[#candidate + 1] = w
    end
    for _, w in ipairs(candidate) do
      count_window(w)
    end
    return { 'pass', '', '', '' }
  end

  function judge.quota(_, _, arg)
    local in_bytes = ARGV[arg] == 'bytes'
    local more = tonumber(ARGV[arg + 1])
    if more == 0 or paid then
      return { 'pass', '', '', '' }
    end
    local l, due = h, false
    if not l then
      l, due = read_ledger()
    end
    if l[2] == '1' or due then
      return { 'unknown', l[1], fence, '' }
    end
    local most, so_far
    if in_bytes then
      most = l[8] or ''
      so_far = tonumber(l[6]) + tonumber(l[7])
    else
      most = l[5] or ''
      so_far = tonumber(l[3]) + tonumber(l[4])
    end
    if ARGV[arg + 2] ~= '' then
      most = ARGV[arg + 2]
    elseif most == '' and in_bytes then
      most = string.format('%.0f', MOST)
    elseif most == '' then
      most = ARGV[arg + 3] ~= '' and ARGV[arg + 3] or '0'
    end
    if so_far + more > math.min(tonumber(most), MOST) then
      local ends = l[9] and l[9] ~= '' and string.format('%.0f', math.max(0, tonumber(l[9]) - now)) or ''
      return { 'exceeded', string.format('%.0f', so_far), most, ends }
    end
    return { 'pass', '', '', '' }
  end

  function judge.bucket(key, keys, arg)
    local missing = {}
    local any = false
    local first
    for i = 0, keys - 1 do
      local verdict = redis.call('GET', KEYS[key + i])
      if not verdict then
        missing[#missing + 1] = i
      elseif verdict == '0' then
        first = first or i
      else
        any = true
      end
    end
    if #missing > 0 then
      return { 'unknown', '', fence, table.concat(missing, ',') }
    end
    if first and (ARGV[arg] == 'all' or not any) then
      return { 'denied', first, '', '' }
    end
    return { 'pass', '', '', '' }
  end

  local key = 6 + WINDOWS + VERDICTS
  while at <= #ARGV do
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
for _, w in ipairs(windows) do
  count_window(w)
end

if lease ~= '' then
  redis.call('ZADD', KEYS[4], string.format('%.0f', now + tonumber(ARGV[13])), lease)
  redis.call('PEXPIRE', KEYS[4], ARGV[13])
end

local period = ''
if charging then
  period = h[9] or ''
  redis.call('HINCRBY', quota, 'pending', ARGV[4])
  redis.call('HINCRBY', quota, 'bytesPending', ARGV[5])
  renew_expiry(quota, ARGV[3])
  redis.call('XADD', KEYS[2], '*', 'id', ARGV[8], 'inc', h[1], 'period', period, 'event', ARGV[9])
  used = used + amount
  if repeatable then
    redis.call('PSETEX', KEYS[5], ARGV[17], '1')
  end
end
local reply = with_rates({ 'admitted', charging and h[1] or '', period, string.format('%.0f', used), limit }, true)
for _, verdict in ipairs(verdicts) do
  reply[#reply + 1] = verdict
end
for _, value in ipairs(shadows) do
  reply[#reply + 1] = value
end
return reply
