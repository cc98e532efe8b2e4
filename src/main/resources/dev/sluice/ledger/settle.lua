-- Acknowledges entries of ONE user that the database has applied, lowers what is pending for them, and takes the row over.
-- pending falls only by the first acknowledgement of a charge's own entry in the ledger's own incarnation.
--
-- KEYS 1 usage stream   2 ledger hash
-- ARGV 1 consumer group   2 ledger's time to live, ms
--      3..8 version, base, bytesBase, limit, bytesLimit, periodEndsAt (see takeover-function.lua)
--      9.. six per entry: entry id, event id, 'charge'|'refund'|'outcome', amount, bytes, incarnation
-- Reply {entries acknowledged here, 1 if the row was taken over}

local incarnation = redis.call('HGET', KEYS[2], 'incarnation')
local acknowledged = 0
for a = 9, #ARGV, 6 do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[a], ARGV[a])[1]
  local id
  if entry then
    for f = 1, #entry[2], 2 do
      if entry[2][f] == 'id' then
        id = entry[2][f + 1]
      end
    end
  end
  if id == ARGV[a + 1] and redis.call('XACK', KEYS[1], ARGV[1], ARGV[a]) == 1 then
    redis.call('XDEL', KEYS[1], ARGV[a])
    acknowledged = acknowledged + 1
    if ARGV[a + 2] == 'charge' and incarnation and ARGV[a + 5] == incarnation then
      redis.call('HINCRBY', KEYS[2], 'pending', string.format('%.0f', 0 - tonumber(ARGV[a + 3])))
      if ARGV[a + 4] ~= '0' then
        redis.call('HINCRBY', KEYS[2], 'bytesPending', string.format('%.0f', 0 - tonumber(ARGV[a + 4])))
      end
    end
  end
end
local taken = 0
if incarnation then
  taken = takeover(KEYS[2], { ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8] })
  renew_expiry(KEYS[2], ARGV[2])
end
return { acknowledged, taken }
