-- Replaces a partition's fence, so that every ledger in it reads its facts again before the next charge.
--
-- KEYS 1 fence
-- ARGV 1 token
-- Reply {1 if another token stood there, else 0}

local _, installed = install_fence(KEYS[1], ARGV[1])
return { installed }
