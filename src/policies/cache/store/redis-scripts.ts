/** A purge is remembered so long for answers that were asked for before it, in milliseconds: longer than one may take to be stored. */
export const rememberedMs = 600_000;

/**
 * Stores an entry unless what it belongs to was purged since its mark.
 * KEYS: the entry, the floor, all URLs, then for its URL and each tag: the index, the last purge.
 * ARGV: the value, milliseconds to keep, the mark, the key by itself, the URL.
 */
export const setScript = `
local mark = tonumber(ARGV[3])
if mark < tonumber(redis.call('GET', KEYS[2]) or '0') then return 0 end
for i = 4, #KEYS, 2 do
  if tonumber(redis.call('GET', KEYS[i + 1]) or '0') > mark then return 0 end
end
local ttl = tonumber(ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function add(key, member)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZADD', key, 'GT', now + ttl, member)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
end
for i = 4, #KEYS, 2 do add(KEYS[i], ARGV[4]) end
if #KEYS > 3 then add(KEYS[3], ARGV[5]) end
return 1
`;

/**
 * Drops what an index lists, and remembers when. Gives the number of the purge, and how many entries there were.
 * KEYS: the count of purges, the last purge of this, the index. ARGV: what the keys of entries begin with, how the
 * listed ones must begin, milliseconds to remember.
 */
export const purgeScript = `
local count = redis.call('INCR', KEYS[1])
redis.call('SET', KEYS[2], count, 'PX', ARGV[3])
local dropped = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if string.sub(key, 1, #ARGV[2]) == ARGV[2] then
    dropped = dropped + redis.call('DEL', ARGV[1] .. key)
    redis.call('ZREM', KEYS[3], key)
  end
end
return {count, dropped}
`;
