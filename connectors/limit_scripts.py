"""What Redis decides by: the scripts behind `connectors.limits`. Each runs as one step and on Redis' own clock, which
`NOW`, put in front of it, reads."""

from __future__ import annotations

NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
"""
"""How every script reads the clock: microseconds of Redis' own."""

# KEYS: state (hash), leases (sorted set). ARGV: lease, its life in us, slots for this class ('': the call takes none),
# class name, its part of the daily allowance (0: none), life of a told usage in us, recovery step in us, life of the
# state in ms, share, window of the retry budget in us, then for each rate: name, per minute, burst, the part of it that
# this class leaves but for its share.
# Answer: granted (1 or 0), us to wait, why.
ACQUIRE = """
local state, leases = KEYS[1], KEYS[2]
local function number(name) return tonumber(redis.call('HGET', state, name) or '0') end
local function put(name, value) redis.call('HSET', state, name, string.format('%.0f', value)) end
local paused = number('paused')
if paused > now then return {0, paused - now, 'paused'} end
local part = tonumber(ARGV[5])
if part > 0 and number('usage_at') + tonumber(ARGV[6]) > now and number('used') >= part * number('limit') then
  return {0, number('usage_at') + tonumber(ARGV[6]) - now, 'daily'}
end
local slots = tonumber(ARGV[3])
if slots then
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
  if redis.call('ZCARD', leases) >= slots then return {0, 20000, 'wait'} end
end
local steps, wait, marks = 0, 0, {}
local lowered = number('lowered')
if lowered > 0 then steps = math.floor((now - lowered) / tonumber(ARGV[7])) end
for i = 11, #ARGV, 4 do
  local name, full, burst, reserve = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local rate = full
  if lowered > 0 then
    rate = math.min(full, tonumber(redis.call('HGET', state, 'rate:' .. name) or ARGV[i + 1]) + steps)
  end
  local interval = 60000000 / rate
  local tat = math.max(number('tat:' .. name), now)
  local late = tat - now - (burst - 1 - reserve) * interval
  local share = 'share:' .. name .. ':' .. ARGV[4]
  if late > 0 and late <= reserve * interval and number(share) <= now then
    marks[#marks + 1] = {share, now + interval / tonumber(ARGV[9])}
    late = 0
  end
  wait = math.max(wait, late)
  marks[#marks + 1] = {'tat:' .. name, tat + interval}
end
if wait > 0 then return {0, math.ceil(wait), 'wait'} end
for _, mark in ipairs(marks) do put(mark[1], mark[2]) end
if slots then
  redis.call('ZADD', leases, string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
  redis.call('PEXPIRE', leases, ARGV[8])
end
if number('window') + tonumber(ARGV[10]) <= now then
  put('window', now)
  redis.call('HDEL', state, 'calls', 'retries')
end
redis.call('HINCRBY', state, 'calls', 1)
redis.call('PEXPIRE', state, ARGV[8])
return {1, 0, ''}
"""

# KEYS: state. ARGV: pause in us, cut, life of the state in ms, recovery step in us, then for each rate: name, per
# minute. Several answers of one burst cut the rates once.
THROTTLED = """
local state = KEYS[1]
local paused = tonumber(redis.call('HGET', state, 'paused') or '0')
local till = now + tonumber(ARGV[1])
if paused <= now then
  local lowered = tonumber(redis.call('HGET', state, 'lowered') or '0')
  local steps = 0
  if lowered > 0 then steps = math.max(0, math.floor((now - lowered) / tonumber(ARGV[4]))) end
  for i = 5, #ARGV, 2 do
    local key, full = 'rate:' .. ARGV[i], tonumber(ARGV[i + 1])
    local rate = tonumber(redis.call('HGET', state, key) or ARGV[i + 1])
    rate = math.min(full, rate + steps)
    redis.call('HSET', state, key, string.format('%.3f', math.max(1, rate * tonumber(ARGV[2]))))
  end
end
till = math.max(till, paused)
redis.call('HSET', state, 'paused', string.format('%.0f', till), 'lowered', string.format('%.0f', till))
redis.call('PEXPIRE', state, ARGV[3])
"""

OBSERVED = """
redis.call('HSET', KEYS[1], 'used', ARGV[1], 'limit', ARGV[2], 'usage_at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""

# KEYS: state. ARGV: window in us, part of its calls, how many always, how many are wanted, life of the state in ms.
# Answer: 0 when they are within the budget and counted, else us until the next window.
RETRY = """
local state = KEYS[1]
local function number(name) return tonumber(redis.call('HGET', state, name) or '0') end
if number('window') + tonumber(ARGV[1]) <= now then
  redis.call('HSET', state, 'window', string.format('%.0f', now))
  redis.call('HDEL', state, 'calls', 'retries')
end
local allowed = math.max(tonumber(ARGV[3]), math.floor(number('calls') * tonumber(ARGV[2])))
if number('retries') >= allowed then return number('window') + tonumber(ARGV[1]) - now end
redis.call('HINCRBY', state, 'retries', ARGV[4])
redis.call('PEXPIRE', state, ARGV[5])
return 0
"""
