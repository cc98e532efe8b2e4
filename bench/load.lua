-- The requests of bench/run, for wrk: one per user, in turn; then one line of figures, times in microseconds.
-- Arguments: method, path, prefix of the API keys, number of users, and the body's file. In path and body, @ is the user's number.
local requests = {}
local at = 0

function init(args)
  local file = io.open(args[5], 'r')
  local body = file:read('*a')
  file:close()
  for user = 0, tonumber(args[4]) - 1 do
    local headers = { ['X-API-Key'] = args[3] .. user, ['Content-Type'] = 'application/json' }
    requests[user + 1] = wrk.format(args[1], args[2]:gsub('@', user), headers, (body:gsub('@', user)))
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('figures %d %d %d %d %d %d %d %d\n', summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9)))
end
