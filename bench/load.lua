-- The requests of bench/run and bench/growth, for wrk: one per user, in turn; then one line of figures, times in microseconds.
-- Arguments: method, path, prefix of the API keys, number of the first user, number of users, and the body's file. In path and
-- body, @ is the user's number. A request is made when it is sent for the first time: there may be very many users.
local requests = {}
local at = 0
local method, path, prefix, first, count, body

function init(args)
  method, path, prefix, first, count = args[1], args[2], args[3], tonumber(args[4]), tonumber(args[5])
  local file = io.open(args[6], 'r')
  body = file:read('*a')
  file:close()
end

function request()
  local i = at
  at = (at + 1) % count
  if not requests[i] then
    local user = tostring(first + i)
    local headers = { ['X-API-Key'] = prefix .. user, ['Content-Type'] = 'application/json' }
    requests[i] = wrk.format(method, path:gsub('@', user), headers, (body:gsub('@', user)))
  end
  return requests[i]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('figures %d %d %d %d %d %d %d %d\n', summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9)))
end
