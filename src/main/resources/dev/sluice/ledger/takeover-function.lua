-- Shared by every script that receives a row of the database (DESIGN: "Takeover").
-- A row replaces base, bytesBase, limit, bytesLimit, periodEndsAt and version together, and only if it is newer than
-- what the hash holds; never pending, never incarnation, never the stub mark.
-- facts: table of strings {version, base, bytesBase, limit, bytesLimit, periodEndsAt}; limits are '' for "the default",
-- periodEndsAt is epoch milliseconds or '' for "no period".
-- A hash has no field for what most users have nothing of, since Redis keeps it for each of them: an absent limit, bytesLimit
-- or periodEndsAt says '', an absent bytesBase or bytesPending '0'.
local function takeover(quota, facts)
  local held = tonumber(redis.call('HGET', quota, 'version') or '-1')
  if tonumber(facts[1]) <= held then
    return 0
  end
  local had = { 'version', facts[1], 'base', facts[2] }
  local absent = {}
  for i, name in ipairs({ 'bytesBase', 'limit', 'bytesLimit', 'periodEndsAt' }) do
    local fact = facts[2 + i]
    if fact == '' or (i == 1 and fact == '0') then
      absent[#absent + 1] = name
    else
      had[#had + 1] = name
      had[#had + 1] = fact
    end
  end
  redis.call('HSET', quota, unpack(had))
  if #absent > 0 then
    redis.call('HDEL', quota, unpack(absent))
  end
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
