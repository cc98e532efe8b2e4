-- Reads what a user has used, and changes nothing.
--
-- KEYS 1 fence   2 ledger hash   3.. one hash per rate window
-- ARGV two per rate window: limit, window in ms
-- Reply {'1' if the ledger's facts are to be trusted, else '0', version, base, pending, limit or '', bytesBase, bytesPending,
--   bytesLimit or '', periodEndsAt in epoch ms or '', three per window: used, limit, ms until something leaves, 0 if nothing
--   is counted}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local h = redis.call('HMGET', KEYS[2], 'incarnation', 'stub', 'fence', 'version', 'base', 'pending', 'limit', 'bytesBase',
  'bytesPending', 'bytesLimit', 'periodEndsAt')
local ended = h[11] and h[11] ~= '' and now >= tonumber(h[11])
local trusted = h[1] and not h[2] and not ended and h[3] == (redis.call('GET', KEYS[1]) or '')
local reply = { trusted and '1' or '0', h[4] or '-1', h[5] or '0', h[6] or '0', h[7] or '', h[8] or '0', h[9] or '0',
  h[10] or '', h[11] or '' }
for i = 3, #KEYS do
  local a = 2 * (i - 3) + 1
  local w = read_window(KEYS[i], tonumber(ARGV[a]), tonumber(ARGV[a + 1]), 0, now)
  reply[#reply + 1] = string.format('%.0f', w.used)
  reply[#reply + 1] = string.format('%.0f', w.limit)
  reply[#reply + 1] = string.format('%.0f', w.used == 0 and 0 or math.ceil(w.reset))
end
return reply
