-- Shared by the scripts that read a rate window: table = read_window(key, limit, window in ms, cost, now in ms).
-- Rolling window: W is cut into 20 buckets; the current and the 20 previous ones are counted, which holds all of
-- [now - W, now] (proof in docs/decisions/0003-rolling-window.md). Time is max(TIME, newest bucket).
-- Result: key, cost, newest (the current bucket), used, before (what is counted before it), age (of the oldest that counts,
-- in buckets), stale (fields that count no more), over (by how much cost would exceed the limit, if positive), reset (ms until
-- cost fits, or until something leaves), lives (ms that the key has to stay once the current bucket counts).
-- The field '-1' is no bucket: see admit.lua.
local function read_window(key, limit, window, cost, now)
  local BUCKETS = 20
  local width = window / BUCKETS
  local latest = (now - now % width) / width
  local w = { key = key, cost = cost }
  local cells = redis.call('HGETALL', key)
  local current
  repeat
    w.newest, w.before, w.age, w.stale = latest, 0, 0, {}
    current = 0
    for c = 1, #cells, 2 do
      local age = w.newest - cells[c]
      if age <= 0 then
        latest = math.max(latest, w.newest - age)
        current = current + cells[c + 1]
      elseif age <= BUCKETS then
        w.age = math.max(w.age, age)
        w.before = w.before + cells[c + 1]
      elseif cells[c] ~= '-1' then
        w.stale[#w.stale + 1] = cells[c]
      end
    end
  until latest == w.newest
  w.used = w.before + current
  w.over = w.used + cost - limit
  w.lives = math.max(0, latest * width - now) + (BUCKETS + 2) * width
  local leaving = latest - w.age
  if w.over > 0 then
    local counted = {}
    for c = 1, #cells, 2 do
      local index = tonumber(cells[c])
      if index >= latest - BUCKETS then
        counted[#counted + 1] = { index, tonumber(cells[c + 1]) }
      end
    end
    table.sort(counted, function(x, y) return x[1] < y[1] end)
    leaving = latest
    local freed = 0
    for _, cell in ipairs(counted) do
      freed = freed + cell[2]
      if freed >= w.over then
        leaving = cell[1]
        break
      end
    end
  end
  w.reset = (leaving + BUCKETS + 1) * width - now
  return w
end
