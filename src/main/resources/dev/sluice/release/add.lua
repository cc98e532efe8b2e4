-- Waits for an upload.
--
-- KEYS 1 what is waited for, a sorted set by the time when it is due, epoch ms
-- ARGV 1 ms from now   2 the upload, JSON
-- Reply {1 if it is new, else 0}

local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
return { redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[2]) }
