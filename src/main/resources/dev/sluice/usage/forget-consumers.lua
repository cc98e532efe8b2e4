-- Removes consumers of instances that are gone: no entry is theirs, and they have not asked for a long time.
--
-- KEYS 1 usage stream
-- ARGV 1 consumer group   2 idle time, ms
-- Reply {how many were removed}

local removed = 0
if redis.call('EXISTS', KEYS[1]) == 0 then
  return { removed }
end
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for f = 1, #info, 2 do
    consumer[info[f]] = info[f + 1]
  end
  if consumer.pending == 0 and consumer.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return { removed }
