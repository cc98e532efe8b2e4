-- What the holder of a record does with it.
--
-- KEYS 1 the record (see begin.lua)
-- ARGV 1 owner
--      2 'renew' hold it until a lease from now, 'complete' keep the answer and let go, 'release' let go, 'forget' remove it
--      3 ms: the lease, or for how long the answer is of use   4 the answer
-- Reply {1 if the record was held by this owner, else 0}

if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
  return { 0 }
end
if ARGV[2] == 'forget' then
  redis.call('DEL', KEYS[1])
  return { 1 }
end
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]))
if ARGV[2] == 'renew' then
  redis.call('HSET', KEYS[1], 'lease', at)
  return { 1 }
end
redis.call('HSET', KEYS[1], 'owner', '')
if ARGV[2] == 'complete' then
  redis.call('HSET', KEYS[1], 'answer', ARGV[4], 'useful', at)
end
return { 1 }
