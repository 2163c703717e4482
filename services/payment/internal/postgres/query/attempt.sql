-- name: TakeAttempts :many
-- Counts one attempt in every scope that has room; the caller rolls back when not all of them had. Rows are locked in the
-- order of the scopes.
INSERT INTO attempt (scope, maximum, slots)
SELECT wanted.scope, wanted.maximum, ARRAY[now()]
FROM (
    SELECT unnest(@scopes::text[]) AS scope, unnest(@maximums::integer[]) AS maximum
) AS wanted
ORDER BY wanted.scope
ON CONFLICT (scope) DO UPDATE
SET maximum = EXCLUDED.maximum,
    slots = array_append(ARRAY(SELECT slot FROM unnest(attempt.slots) AS slot WHERE slot > now() - make_interval(secs => @window_seconds::float8)), now())
WHERE (SELECT count(*) FROM unnest(attempt.slots) AS slot WHERE slot > now() - make_interval(secs => @window_seconds::float8)) < EXCLUDED.maximum
RETURNING scope;

-- name: ReturnAttempt :exec
UPDATE attempt
SET slots = array_remove(slots, @taken_at::timestamptz)
WHERE scope = @scope;

-- name: PurgeAttempts :execrows
DELETE FROM attempt
WHERE scope IN (
    SELECT old.scope FROM attempt AS old
    WHERE NOT EXISTS (SELECT FROM unnest(old.slots) AS slot WHERE slot > now() - interval '2 hours')
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);
