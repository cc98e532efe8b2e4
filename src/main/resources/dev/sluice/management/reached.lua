-- Counts the instances that live and those of them that have read an entry of the log.
--
-- KEYS 1 the instances, see follow.lua
-- ARGV 1 the entry's id   2 ms after which an instance that was not heard of is none
-- Reply {living, of these have read the entry}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ms, seq = string.match(ARGV[1], '^(%d+)-(%d+)$')
local living = 0
local read = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 2, #all, 2 do
  local heard, at, n = string.match(all[i], '^(%d+) (%d+)-(%d+)$')
  if now - tonumber(heard) <= tonumber(ARGV[2]) then
    living = living + 1
    if tonumber(at) > tonumber(ms) or (at == ms and tonumber(n) >= tonumber(seq)) then
      read = read + 1
    end
  end
end
return { living, read }
