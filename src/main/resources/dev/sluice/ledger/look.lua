-- Reads what a user has used, and changes nothing.
--
-- KEYS 1 fence   2 ledger hash   3 leases of uploads in flight   4.. one hash per rate window, then one verdict per bucket
-- ARGV 1 number of rate windows   2.. three per rate window: limit, window in ms, cost
-- Reply {'1' if the ledger's facts are to be trusted, else '0', '1' if it ever had any, else '0', version, base, pending,
--   limit or '', bytesBase, bytesPending, bytesLimit or '', periodEndsAt in epoch ms or '', uploads in flight, bytes in flight,
--   three per window: used, limit, ms until something leaves (of one that is full: until cost fits), 0 if nothing is counted;
--   one per bucket: '1', '0', or '' if it has to be asked}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local h = redis.call('HMGET', KEYS[2], 'incarnation', 'stub', 'fence', 'version', 'base', 'pending', 'limit', 'bytesBase',
  'bytesPending', 'bytesLimit', 'periodEndsAt')
local ended = h[11] and h[11] ~= '' and now >= tonumber(h[11])
local known = h[1] and not h[2]
local trusted = known and not ended and h[3] == (redis.call('GET', KEYS[1]) or '')
local uploads = 0
local in_flight = 0
for _, lease in ipairs(redis.call('ZRANGE', KEYS[3], string.format('(%.0f', now), '+inf', 'BYSCORE')) do
  uploads = uploads + 1
  in_flight = in_flight + tonumber(string.match(lease, ':(%d+)$'))
end
local reply = { trusted and '1' or '0', known and '1' or '0', h[4] or '-1', h[5] or '0', h[6] or '0', h[7] or '', h[8] or '0',
  h[9] or '0', h[10] or '', h[11] or '', string.format('%.0f', uploads), string.format('%.0f', in_flight) }
local WINDOWS = tonumber(ARGV[1])
for i = 1, WINDOWS do
  local a = 3 * i - 1
  local w = read_window(KEYS[3 + i], ARGV[a], ARGV[a + 1], ARGV[a + 2], now)
  reply[#reply + 1] = string.format('%.0f', w.used)
  reply[#reply + 1] = ARGV[a]
  reply[#reply + 1] = string.format('%.0f', w.used == 0 and 0 or math.ceil(w.reset))
end
for i = 4 + WINDOWS, #KEYS do
  reply[#reply + 1] = redis.call('GET', KEYS[i]) or ''
end
return reply
