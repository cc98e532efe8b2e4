-- Takes what is due: it is due again when the lease has passed.
--
-- KEYS 1 what is waited for (see add.lua)
-- ARGV 1 lease, ms   2 how many at most
-- Reply the uploads, JSON

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, ARGV[2])
for _, upload in ipairs(due) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[1])), upload)
end
return due
