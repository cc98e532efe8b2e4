-- Shared by the scripts that read a rate window: table = read_window(key, limit, window in ms, cost, now in ms).
-- Rolling window: W is cut into 20 buckets; the current and the 20 previous ones are counted, which holds all of
-- [now - W, now] (proof in docs/decisions/0003-rolling-window.md). Time is max(TIME, newest bucket).
-- Result: key, limit, cost, width of a bucket in ms, newest (the current bucket), used, stale (buckets that count no more),
-- over (by how much cost would exceed the limit, if positive), reset (ms until cost fits, or until something leaves).
local BUCKETS = 20
local function read_window(key, limit, window, cost, now)
  local w = { key = key, limit = limit, cost = cost, used = 0, stale = {} }
  w.width = window / BUCKETS
  w.newest = math.floor(now / w.width)
  local cells = redis.call('HGETALL', w.key)
  for c = 1, #cells, 2 do
    w.newest = math.max(w.newest, tonumber(cells[c]))
  end
  local counted = {}
  for c = 1, #cells, 2 do
    local index = tonumber(cells[c])
    if index >= w.newest - BUCKETS then
      local count = tonumber(cells[c + 1])
      w.used = w.used + count
      counted[#counted + 1] = { index, count }
    else
      w.stale[#w.stale + 1] = cells[c]
    end
  end
  table.sort(counted, function(x, y) return x[1] < y[1] end)
  w.over = w.used + w.cost - w.limit
  w.reset = (w.newest + BUCKETS + 1) * w.width - now
  local freed = 0
  for _, cell in ipairs(counted) do
    freed = freed + cell[2]
    if freed >= w.over then
      w.reset = (cell[1] + BUCKETS + 1) * w.width - now
      break
    end
  end
  return w
end
