-- Sends one request over and over: wrk … URL -- BODY_FILE 'Name: value' …
-- Prints what came of it as JSON on the last line.
function init(arguments)
  wrk.method = 'POST'
  local file = assert(io.open(arguments[1], 'rb'))
  wrk.body = file:read('*a')
  file:close()
  for index = 2, #arguments do
    local name, value = arguments[index]:match('^([^:]+): (.*)$')
    wrk.headers[name] = value
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "status": %d, "socket": %d, "timeout": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
