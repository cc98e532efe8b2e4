-- Begins an attempt at what an Idempotency-Key stands for.
--
-- KEYS 1 the record, a hash:
--      fp what was asked for   id the event id of every attempt   owner who holds it, '' for nobody   lease until when, epoch ms
--      answer the kept answer, if there is one   useful until when that is of use, epoch ms
-- ARGV 1 fingerprint   2 event id if this is the first   3 owner   4 lease, ms   5 time to live of the record, ms
-- Reply {'held', event id, 1 if no attempt before it can have had an effect, else 0}, {'answered', answer}, {'busy'} or
--   {'conflict'}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = string.format('%.0f', now + tonumber(ARGV[4]))
local h = redis.call('HMGET', KEYS[1], 'fp', 'id', 'owner', 'lease', 'answer', 'useful')
if not h[1] then
  redis.call('HSET', KEYS[1], 'fp', ARGV[1], 'id', ARGV[2], 'owner', ARGV[3], 'lease', lease)
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return { 'held', ARGV[2], '1' }
end
if h[1] ~= ARGV[1] then
  return { 'conflict' }
end
if h[5] and now < tonumber(h[6]) then
  return { 'answered', h[5] }
end
if h[3] ~= '' and now < tonumber(h[4]) then
  return { 'busy' }
end
redis.call('HSET', KEYS[1], 'owner', ARGV[3], 'lease', lease)
redis.call('HDEL', KEYS[1], 'answer', 'useful')
return { 'held', h[2], '0' }
