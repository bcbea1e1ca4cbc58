-- Many fields of many hashes in one call. KEYS: the header, which says where. ARGV: key, field of each. An empty text: there is none.
local found = {}
for item = 1, #ARGV, 2 do
  found[#found + 1] = redis.call('HGET', ARGV[item], ARGV[item + 1]) or ''
end
return found
