/**
 * The algorithms of meters.ts in Lua, over the same whole numbers. A counter is one string: `at used rest`, where
 * rest is the count of the window before (sliding-window) or the end of the window (fixed-window).
 *
 * ARGV: the time in milliseconds, or nothing for the clock of Redis; then what the script needs; then seven for each
 * key: algorithm, limit, burst, window, anchor, whether by months, cost.
 */
const meters = `
local DAY = 86400000
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000 + floor(time[2] / 1000)
end

local function charge(i, first)
  local n = first + (i - 1) * 7
  return {
    key = KEYS[i], algorithm = ARGV[n], limit = tonumber(ARGV[n + 1]), burst = tonumber(ARGV[n + 2]),
    window = tonumber(ARGV[n + 3]), anchor = tonumber(ARGV[n + 4]), monthly = ARGV[n + 5] == '1',
    cost = tonumber(ARGV[n + 6]), costText = ARGV[n + 6],
  }
end

-- Civil dates from days and back, by eras of 400 years that begin in March.
local function civil(ms)
  local z = floor(ms / DAY) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local day = doy - floor((153 * mp + 2) / 5) + 1
  return (yoe + era * 400) * 12 + mp + 2, day
end

local function firstDay(month)
  local shifted = month - 2
  local year, mp = floor(shifted / 12), shifted % 12
  local era = floor(year / 400)
  local yoe = year - era * 400
  local doe = yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + floor((153 * mp + 2) / 5)
  return era * 146097 + doe - 719468
end

local function monthStart(anchor, month)
  local first = firstDay(month)
  local _, day = civil(anchor)
  return (first + min(day, firstDay(month + 1) - first) - 1) * DAY + anchor % DAY
end

local function windowStart(l, now)
  if not l.monthly then return l.anchor + floor((now - l.anchor) / l.window) * l.window end
  local month = civil(now)
  local start = monthStart(l.anchor, month)
  return start <= now and start or monthStart(l.anchor, month - 1)
end

local function windowEnd(l, start)
  if not l.monthly then return start + l.window end
  local month = civil(start)
  return monthStart(l.anchor, month + 1)
end

local meters = {}

meters['gcra'] = {
  advance = function(l, c, now)
    if now > c.at then c.used = max(0, c.used - (now - c.at) * l.limit) end
    c.at = now
  end,
  retry = function(l, c)
    if l.cost > l.burst then return -1 end
    local over = c.used + (l.cost - l.burst) * l.window
    return over <= 0 and 0 or ceil(over / l.limit)
  end,
  add = function(l, c) c.used = c.used + l.cost * l.window end,
  remove = function(l, c) c.used = max(0, c.used - l.cost * l.window) end,
  remaining = function(l, c) return max(0, floor((l.burst * l.window - c.used) / l.window)) end,
  reset = function(l, c) return c.used == 0 and 0 or ceil(c.used / l.limit) end,
}

local function firstFit(count, room, window)
  if count <= room then return 0 end
  return window - floor(room * window / count)
end

meters['sliding-window'] = {
  advance = function(l, c, now)
    local start = floor(now / l.window) * l.window
    if start == c.at then return end
    if start > c.at then
      c.rest = start == c.at + l.window and c.used or 0
      c.used = 0
    end
    c.at = start
  end,
  retry = function(l, c, now)
    if l.cost > l.limit then return -1 end
    local elapsed, room = now - c.at, l.limit - l.cost
    if c.rest * (l.window - elapsed) <= (room - c.used) * l.window then return 0 end
    if c.used <= room then return firstFit(c.rest, room - c.used, l.window) - elapsed end
    return l.window - elapsed + firstFit(c.used, room, l.window)
  end,
  add = function(l, c) c.used = c.used + l.cost end,
  remove = function(l, c, _, at)
    local start = floor(at / l.window) * l.window
    if start == c.at then c.used = max(0, c.used - l.cost)
    elseif start + l.window == c.at then c.rest = max(0, c.rest - l.cost) end
  end,
  remaining = function(l, c, now)
    local left = (l.limit - c.used) * l.window - c.rest * (l.window - (now - c.at))
    return max(0, floor(left / l.window))
  end,
  reset = function(l, c, now)
    local rest = c.at + l.window - now
    if c.used > 0 then return rest + l.window end
    return c.rest > 0 and rest or 0
  end,
}

meters['fixed-window'] = {
  advance = function(l, c, now)
    if now >= c.at and now < c.rest then return end
    local start = windowStart(l, now)
    if start >= c.rest then c.used = 0
    elseif windowEnd(l, start) == c.at then return end
    c.at, c.rest = start, windowEnd(l, start)
  end,
  retry = function(l, c, now)
    if l.cost > l.limit then return -1 end
    return c.used + l.cost <= l.limit and 0 or c.rest - now
  end,
  add = function(l, c) c.used = c.used + l.cost end,
  remove = function(l, c, _, at)
    if at >= c.at and at < c.rest then c.used = max(0, c.used - l.cost) end
  end,
  remaining = function(l, c) return max(0, floor(l.limit - c.used)) end,
  reset = function(l, c, now) return c.used == 0 and 0 or c.rest - now end,
}

local function read(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local at, used, rest = string.match(text, '^(%S+) (%S+) (%S+)$')
  return { at = tonumber(at), used = tonumber(used), rest = tonumber(rest) }
end

-- A second more than it counts, for a clock that steps back when a replica takes over.
local function write(l, c, now)
  local ttl = meters[l.algorithm].reset(l, c, now) + 1000
  redis.call('SET', l.key, string.format('%.17g %.17g %.17g', c.at, c.used, c.rest), 'PX', string.format('%.0f', ttl))
end
`;

/**
 * Places of `concurrency`: a sorted set of leases by when they run out. Its member `sum` has minus the sum of their
 * costs as its score, so that no lease need be counted; leases have scores above 0.
 */
const places = `
local function release(key, member, cost)
  if redis.call('ZREM', key, member) == 0 then return end
  redis.call('ZINCRBY', key, cost, 'sum')
  if redis.call('ZCARD', key) == 1 then redis.call('DEL', key) end
end

local function costOf(member)
  return string.match(member, '[^ ]+$')
end

local function dropExpired(key, now)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(0', string.format('%.0f', now))) do
    release(key, member, costOf(member))
  end
end

local function held(key)
  return -tonumber(redis.call('ZSCORE', key, 'sum') or '0')
end

local function hold(key, member, now, leaseMs)
  local expiry = string.format('%.0f', now + leaseMs)
  if redis.call('ZADD', key, expiry, member) == 1 then
    redis.call('ZINCRBY', key, '-' .. costOf(member), 'sum')
  end
  if redis.call('PTTL', key) < leaseMs + 1000 then redis.call('PEXPIRE', key, string.format('%.0f', leaseMs + 1000)) end
end
`;

/**
 * Checks all charges, then writes all or none. ARGV[2] names the lease, ARGV[3] is how long it holds. Gives the time,
 * whether all are allowed, and for each what is left, milliseconds to the reset and to a retry (-1: never).
 */
export const takeScript: string = `${meters}${places}
local now, lease, leaseMs = clock(), ARGV[2], tonumber(ARGV[3])
local charges, counters, allowed = {}, {}, true
for i = 1, #KEYS do
  local l = charge(i, 4)
  charges[i] = l
  if l.algorithm == 'concurrency' then
    dropExpired(l.key, now)
    l.retry = held(l.key) + l.cost > l.limit and -1 or 0
  else
    local c = counters[l.key] or read(l.key) or { at = 0, used = 0, rest = 0 }
    counters[l.key] = c
    meters[l.algorithm].advance(l, c, now)
    l.retry = meters[l.algorithm].retry(l, c, now)
  end
  if l.retry ~= 0 then allowed = false end
end
local answer = { now, allowed and 1 or 0 }
for _, l in ipairs(charges) do
  local left, reset
  if l.algorithm == 'concurrency' then
    if allowed and l.cost > 0 then hold(l.key, lease .. ' ' .. l.costText, now, leaseMs) end
    left, reset = max(0, floor(l.limit - held(l.key))), 0
  else
    local c, meter = counters[l.key], meters[l.algorithm]
    if allowed and l.cost > 0 then
      meter.add(l, c)
      write(l, c, now)
    end
    left, reset = meter.remaining(l, c, now), meter.reset(l, c, now)
  end
  answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = left, reset, l.retry
end
return answer
`;

/** Takes charges off. ARGV[2] names the lease, ARGV[3] is when they were taken. */
export const giveBackScript: string = `${meters}${places}
local now, lease, at = clock(), ARGV[2], tonumber(ARGV[3])
for i = 1, #KEYS do
  local l = charge(i, 4)
  if l.algorithm == 'concurrency' then
    release(l.key, lease .. ' ' .. l.costText, l.costText)
  else
    local c = read(l.key)
    if c then
      local meter = meters[l.algorithm]
      meter.advance(l, c, now)
      meter.remove(l, c, now, at)
      if meter.reset(l, c, now) > 0 then write(l, c, now) else redis.call('DEL', l.key) end
    end
  end
end
return 1
`;

/** Holds the places of a lease for longer, and again where Redis has forgotten them. ARGV[2] is for how long; then a lease with its cost for each key. */
export const renewScript: string = `${meters}${places}
local now = clock()
for i = 1, #KEYS do hold(KEYS[i], ARGV[i + 2], now, tonumber(ARGV[2])) end
return 1
`;
