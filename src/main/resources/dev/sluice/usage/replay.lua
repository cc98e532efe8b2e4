-- Puts the oldest dead letters back into the stream, as they were.
--
-- KEYS 1 usage stream   2 dead letters
-- ARGV 1 how many at most
-- Reply {how many there were}

local letters = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[1])
for _, letter in ipairs(letters) do
  local fields = {}
  for f = 1, #letter[2], 2 do
    if letter[2][f] ~= 'error' then
      fields[#fields + 1] = letter[2][f]
      fields[#fields + 1] = letter[2][f + 1]
    end
  end
  if #fields > 0 then
    redis.call('XADD', KEYS[1], '*', unpack(fields))
  end
  redis.call('XDEL', KEYS[2], letter[1])
end
return { #letters }
