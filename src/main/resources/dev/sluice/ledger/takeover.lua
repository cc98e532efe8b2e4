-- Offers a row of the database to a ledger, as after reserve_quota. Never makes a hash.
--
-- KEYS 1 ledger hash
-- ARGV 1 ledger's time to live, ms
--      2..7 version, base, bytesBase, limit, bytesLimit, periodEndsAt (see takeover-function.lua)
-- Reply {1 if the row was taken over, else 0}

if redis.call('EXISTS', KEYS[1]) == 0 then
  return { 0 }
end
local taken = takeover(KEYS[1], { ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7] })
renew_expiry(KEYS[1], ARGV[1])
return { taken }
