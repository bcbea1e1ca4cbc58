-- One commit of one partition, whole or not at all. A script that fails half way is not rolled back, so everything is
-- checked before the first write. KEYS: header, outbox, dues. ARGV: before, after, published, then eight counts
-- (person items, range items, bound items, unbound items, bit items, outbox items, keys to delete, pointer and tombstone items), then the items themselves.
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then
  if held == ARGV[2] then return 1 end
  return {held or ''}
end
local persons, ranges, bounds = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local unbounds, bits, outbox, gone = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local pointers = tonumber(ARGV[11])
local at = 12
if #ARGV ~= 11 + persons + ranges + bounds + unbounds + bits + outbox + gone + pointers or pointers % 3 ~= 0 or persons % 2 ~= 0 or ranges % 3 ~= 0
    or bounds % 2 ~= 0 or bits % 3 ~= 0 then
  return redis.error_reply('EBBTIDE the commit has the wrong number of arguments')
end
local step = 4000
for first = at, at + persons - 1, step do
  redis.call('MSET', unpack(ARGV, first, math.min(first + step, at + persons) - 1))
end
at = at + persons
for item = at, at + ranges - 1, 3 do redis.call('SETRANGE', ARGV[item], ARGV[item + 1], ARGV[item + 2]) end
at = at + ranges
for first = at, at + bounds - 1, step do
  redis.call('ZADD', KEYS[3], unpack(ARGV, first, math.min(first + step, at + bounds) - 1))
end
at = at + bounds
if unbounds > 0 then redis.call('ZREM', KEYS[3], unpack(ARGV, at, at + unbounds - 1)) end
at = at + unbounds
for item = at, at + bits - 1, 3 do redis.call('SETBIT', ARGV[item], ARGV[item + 1], ARGV[item + 2]) end
at = at + bits
if tonumber(ARGV[3]) > 0 then redis.call('LTRIM', KEYS[2], ARGV[3], -1) end
for first = at, at + outbox - 1, step do
  redis.call('RPUSH', KEYS[2], unpack(ARGV, first, math.min(first + step, at + outbox) - 1))
end
at = at + outbox
for first = at, at + gone - 1, step do
  redis.call('UNLINK', unpack(ARGV, first, math.min(first + step, at + gone) - 1))
end
at = at + gone
for item = at, at + pointers - 1, 3 do
  if ARGV[item + 2] == '' then
    redis.call('HDEL', ARGV[item], ARGV[item + 1])
  else
    redis.call('HSET', ARGV[item], ARGV[item + 1], ARGV[item + 2])
  end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
