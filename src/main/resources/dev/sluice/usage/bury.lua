-- Moves one entry to the dead letters, once: only who acknowledges it moves it. What is pending for it in the ledger stays.
--
-- KEYS 1 usage stream   2 dead letters
-- ARGV 1 consumer group   2 entry id   3 error
-- Reply {1 if it was moved, else 0}

if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  return { 0 }
end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
redis.call('XDEL', KEYS[1], ARGV[2])
if not entry then
  return { 0 }
end
local fields = entry[2]
fields[#fields + 1] = 'error'
fields[#fields + 1] = ARGV[3]
redis.call('XADD', KEYS[2], '*', unpack(fields))
return { 1 }
