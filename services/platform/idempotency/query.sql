-- name: ClaimKey :execrows
-- Waits for another transaction that is claiming the same key, at most lock_timeout.
INSERT INTO idempotency_key (principal, rpc, request_id, fingerprint, state, lease_until)
VALUES (@principal, @rpc, @request_id, @fingerprint, 'in_flight', clock_timestamp() + make_interval(secs => @lease_seconds::float8))
ON CONFLICT DO NOTHING;

-- name: TakeOverKey :execrows
-- Of several takers only the first finds the lease expired. The claim may bear the fingerprint of an earlier release.
UPDATE idempotency_key
SET lease_until = clock_timestamp() + make_interval(secs => @lease_seconds::float8), fingerprint = @fingerprint
WHERE principal = @principal AND rpc = @rpc AND request_id = @request_id
  AND fingerprint = @stored AND state = 'in_flight' AND lease_until < clock_timestamp();

-- name: FindKey :one
SELECT fingerprint, state, response, (lease_until < clock_timestamp())::boolean AS expired
FROM idempotency_key
WHERE principal = @principal AND rpc = @rpc AND request_id = @request_id;

-- name: AnswerKey :execrows
UPDATE idempotency_key
SET state = 'done', response = @response, done_at = clock_timestamp()
WHERE principal = @principal AND rpc = @rpc AND request_id = @request_id
  AND fingerprint = @fingerprint AND state = 'in_flight';

-- name: ReleaseKey :execrows
DELETE FROM idempotency_key
WHERE principal = @principal AND rpc = @rpc AND request_id = @request_id
  AND fingerprint = @fingerprint AND state = 'in_flight';

-- name: PurgeKeys :execrows
-- A bounded batch, so that no purge holds locks for long. What was answered late is kept as long from then on.
DELETE FROM idempotency_key
WHERE (principal, rpc, request_id) IN (
    SELECT old.principal, old.rpc, old.request_id
    FROM idempotency_key AS old
    WHERE old.created_at < clock_timestamp() - make_interval(secs => @age_seconds::float8) AND old.state = 'done'
      AND old.done_at < clock_timestamp() - make_interval(secs => @age_seconds::float8)
    ORDER BY old.created_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);

-- name: PurgeLag :one
-- How long the oldest answer has outlived its time; 0 when none has.
SELECT greatest(extract(epoch FROM clock_timestamp() - old.done_at) - @age_seconds::float8, 0)::float8 AS seconds
FROM idempotency_key AS old
WHERE old.state = 'done'
ORDER BY old.created_at
LIMIT 1;
