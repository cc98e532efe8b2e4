-- One admission: all rate windows, the uploads in flight, the quota and the bucket verdicts of a request, all or nothing.
--
-- KEYS 1 fence   2 usage stream   3 ledger hash   4 leases of uploads in flight, a sorted set
--      5 that this event id was charged, a string; the ledger hash again if nobody will ask
--      6.. one hash per rate window, then one verdict per bucket
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
--      18.. three per rate window: limit, window in ms, cost; then one per bucket: 'ask' read the verdict, '1' or '0' it
--        was decided elsewhere
--
-- Reply (strings and integers; 53-bit):
--   {'load', incarnation, fence, quota facts needed 0|1, index from 0 of each bucket whose verdict is needed...}: nothing
--     was counted; a quota that is known to be exceeded is told first, so that whoever has spent it costs the database
--     nothing
--   {'rate', index of the window from 0, R...}
--   {'flight', 'uploads'|'bytes', limit, R...}
--   {'quota', 'requests'|'bytes', used, limit, periodEndsAt in epoch ms or '', now in epoch ms, R...}
--   {'bucket', index from 0 of the first that is denied, R...}
--   {'admitted', incarnation, periodEndsAt or '', used, limit or '', R..., one verdict '1'|'0' per bucket...}
--   R: three per rate window: current (what counts now, this request included if admitted), limit, ms until the
--   oldest counted bucket leaves (or, for a window that is full, until cost fits)
--
-- Rolling windows: see window-function.lua.

local MOST = 9007199254740991
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local fence = install_fence(KEYS[1], ARGV[1])

-- Rate windows: read all, decide, write only at the end.
local WINDOWS = tonumber(ARGV[10])
local windows = {}
local refused_window
for i = 6, 5 + WINDOWS do
  local a = 18 + (i - 6) * 3
  local w = read_window(KEYS[i], tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), now)
  if w.over > 0 and not refused_window then
    refused_window = #windows
  end
  windows[#windows + 1] = w
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
local charging = ARGV[4] ~= '' and not (repeatable and redis.call('EXISTS', KEYS[5]) == 1)
local amount = tonumber(ARGV[4]) or 0
local bytes = tonumber(ARGV[5]) or 0
local limit = ''
local used = 0
local h
local need_facts = false
if charging then
  h = redis.call('HMGET', quota, 'incarnation', 'stub', 'base', 'pending', 'limit', 'bytesBase', 'bytesPending',
    'bytesLimit', 'periodEndsAt', 'fence')
  local absent = not h[1]
  local ended = h[9] and h[9] ~= '' and now >= tonumber(h[9])
  if absent then
    redis.call('HSET', quota, 'incarnation', ARGV[7], 'stub', '1', 'base', '0', 'bytesBase', '0', 'pending', '0',
      'bytesPending', '0', 'fence', fence)
    redis.call('PEXPIRE', quota, 10000)
    h = { ARGV[7], '1', '0', '0', false, '0', '0', false, '', fence }
  end
  local due = (ended and mode == 'ask') or h[10] ~= fence
  need_facts = (h[2] == '1' and mode ~= 'trust') or (due and mode ~= 'trust' and mode ~= 'known')
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
for b = 0, #KEYS - 6 - WINDOWS do
  local verdict = ARGV[18 + 3 * WINDOWS + b]
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

-- Admitted: count, charge and record together.
for _, w in ipairs(windows) do
  if #w.stale > 0 then
    redis.call('HDEL', w.key, unpack(w.stale))
  end
  redis.call('HINCRBY', w.key, string.format('%.0f', w.newest), string.format('%.0f', w.cost))
  local ahead = math.max(0, w.newest * w.width - now)
  redis.call('PEXPIRE', w.key, string.format('%.0f', math.ceil(ahead + (BUCKETS + 2) * w.width)))
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
return reply
