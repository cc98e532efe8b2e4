-- Shared by every script that receives a row of the database (DESIGN: "Takeover").
-- A row replaces base, bytesBase, limit, bytesLimit, periodEndsAt and version together, and only if it is newer than
-- what the hash holds; never pending, never incarnation, never the stub mark.
-- facts: table of strings {version, base, bytesBase, limit, bytesLimit, periodEndsAt}; limits are '' for "the default",
-- periodEndsAt is epoch milliseconds or '' for "no period".
local function takeover(quota, facts)
  local held = tonumber(redis.call('HGET', quota, 'version') or '-1')
  if tonumber(facts[1]) <= held then
    return 0
  end
  redis.call('HSET', quota, 'base', facts[2], 'limit', facts[4], 'periodEndsAt', facts[6], 'version', facts[1],
    'bytesBase', facts[3], 'bytesLimit', facts[5])
  return 1
end

-- 300 s (ttl, in milliseconds) after the last change while nothing is pending; never while something is.
-- A stub lives its own ten seconds, so that its incarnation cannot be waited for in vain.
local function renew_expiry(quota, ttl)
  local h = redis.call('HMGET', quota, 'pending', 'bytesPending', 'stub')
  if tonumber(h[1] or '0') ~= 0 or tonumber(h[2] or '0') ~= 0 then
    redis.call('PERSIST', quota)
  elseif not h[3] then
    redis.call('PEXPIRE', quota, ttl)
  elseif redis.call('PTTL', quota) == -1 then
    redis.call('PEXPIRE', quota, 10000)
  end
end
