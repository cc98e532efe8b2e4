-- Shared by the scripts that install a fence: fence, 1 if it is a new one = install_fence(key, token).
-- The value is '<n>:<token>', n counting the installations: a token that is installed once more, after another stood
-- there, must not make the ledgers trusted again that had read their facts under it the first time.
local function install_fence(key, token)
  local fence = redis.call('GET', key) or ''
  if not token then
    return fence, 0
  end
  local n, held = string.match(fence, '^(%d+):(.*)$')
  if token == held then
    return fence, 0
  end
  fence = string.format('%.0f', (tonumber(n) or 0) + 1) .. ':' .. token
  redis.call('SET', key, fence)
  return fence, 1
end
