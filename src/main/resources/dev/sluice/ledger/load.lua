-- Stores what edge_facts answered: fills the stub (or refreshes the due ledger) that was seen before the database was
-- read, and remembers the bucket verdicts. Only this script turns a stub into a ledger.
--
-- KEYS 1 ledger hash   2 fence   3 verdict on reading   4 verdict on writing
-- ARGV 1 incarnation that was seen, '' for "no quota facts"   2 fence that was seen   3 ledger's time to live, ms
--      4..9 version, base, bytesBase, limit, bytesLimit, periodEndsAt (see takeover-function.lua)
--      10 can read 1|0, '' for "no verdicts"   11 can write 1|0   12 ttl of a grant, ms   13 ttl of a refusal, ms
-- Reply {1} if the hash of that incarnation was there (or none was named), else {0}: the admission starts over anyway.

-- Another fence by now: the verdicts may have been dropped since the database was read, and these be the old ones.
if ARGV[10] ~= '' and (redis.call('GET', KEYS[2]) or '') == ARGV[2] then
  for i = 0, 1 do
    local granted = ARGV[10 + i]
    redis.call('SET', KEYS[3 + i], granted, 'PX', granted == '1' and ARGV[12] or ARGV[13])
  end
end
if ARGV[1] == '' then
  return { 1 }
end
if redis.call('HGET', KEYS[1], 'incarnation') ~= ARGV[1] then
  return { 0 }
end
takeover(KEYS[1], { ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9] })
redis.call('HDEL', KEYS[1], 'stub')
redis.call('HSET', KEYS[1], 'fence', ARGV[2])
renew_expiry(KEYS[1], ARGV[3])
return { 1 }
