-- The identity stored for an API key and how long it may still be used, read in one step: read apart, an old identity
-- could be given the life of the one that replaced it in between.
--
-- KEYS[1]  the identity, a JSON string with an expiry
-- reply    {the string or nil, milliseconds left: -2 if absent}
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
