-- Replaces a partition's fence, so that every ledger in it reads its facts again before the next charge.
--
-- KEYS 1 fence
-- ARGV 1 token
-- Reply {1 if it was another, else 0}

if redis.call('GET', KEYS[1]) == ARGV[1] then
  return { 0 }
end
redis.call('SET', KEYS[1], ARGV[1])
return { 1 }
