-- Counts an instance among the workers for a while, forgets those that were not heard of, and tells who is there.
--
-- KEYS 1 workers, a sorted set by the time they were last heard of, epoch ms
-- ARGV 1 instance id   2 ms after which an instance counts as gone
-- Reply the instance ids

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
