-- Reads what is new in the log, and notes that this instance lives and how far it had come before.
--
-- KEYS 1 log, a stream   2 the instances, a hash of the first's slot
-- ARGV 1 this instance's id   2 the entry that it has read last, '' for none   3 ms after which an instance that was not heard
--      of is none
-- Reply one {entry's id, {field, value...}} for each entry from ARGV 2 on, itself included if it is still there

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now) .. ' ' .. (ARGV[2] == '' and '0-0' or ARGV[2]))
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  if now - tonumber(string.match(all[i + 1], '^%d+')) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[2], all[i])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('XRANGE', KEYS[1], ARGV[2] == '' and '-' or ARGV[2], '+')
