-- The reconciler's takeover: only if the ledger is unchanged since it was read (same incarnation, same version), so that
-- a row read before a settle cannot turn it back. A row that was made anew may replace too, though its version is lower,
-- or the same with other facts.
--
-- KEYS 1 ledger hash
-- ARGV 1 incarnation that was read   2 version that was read   3 ledger's time to live, ms
--      4..9 version, base, bytesBase, limit, bytesLimit, periodEndsAt (see takeover-function.lua)
-- Reply {1 if the row was taken over, else 0}

local h = redis.call('HMGET', KEYS[1], 'incarnation', 'version', 'base', 'bytesBase', 'limit', 'bytesLimit',
  'periodEndsAt', 'stub')
if h[1] ~= ARGV[1] or (h[2] or '-1') ~= ARGV[2] or h[8] then
  return { 0 }
end
local differs = false
for i, absent in ipairs({ '-1', '0', '0', '', '', '' }) do
  differs = differs or (h[1 + i] or absent) ~= ARGV[3 + i]
end
if not differs then
  return { 0 }
end
redis.call('HSET', KEYS[1], 'version', '-1')
takeover(KEYS[1], { ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9] })
renew_expiry(KEYS[1], ARGV[3])
return { 1 }
