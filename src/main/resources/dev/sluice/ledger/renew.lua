-- Renews the leases of uploads that are still in flight; one that has ended or run out stays gone.
--
-- KEYS 1 leases of one user's uploads, a sorted set
-- ARGV 1 their time, ms   2.. leases
-- Reply {0}

local time = redis.call('TIME')
local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1]))
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', ends, ARGV[i])
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return { 0 }
