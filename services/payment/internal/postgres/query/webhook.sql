-- name: InsertEvent :execrows
-- A job applies it; next_try_at is when it is looked for should the job be lost.
INSERT INTO webhook_event (provider, event_id, operation_key, outcome, body, state, last_error, next_try_at)
VALUES (@provider, @event_id, @operation_key, @outcome, @body, @state, @last_error,
    CASE WHEN @state = 'received' THEN now() + interval '1 minute' END)
ON CONFLICT (provider, event_id) DO NOTHING;

-- name: NoteConflict :execrows
UPDATE webhook_event
SET conflicts = conflicts + 1
WHERE provider = @provider AND event_id = @event_id AND body <> @body;

-- name: LockEvent :one
SELECT outcome, state, tries, extract(epoch FROM now() - received_at)::float8 AS age_seconds
FROM webhook_event
WHERE provider = @provider AND event_id = @event_id
FOR UPDATE;

-- name: FinishEvent :exec
UPDATE webhook_event
SET state = @state, last_error = @last_error, next_try_at = NULL
WHERE provider = @provider AND event_id = @event_id;

-- name: ParkEvent :exec
UPDATE webhook_event
SET state = 'parked', tries = tries + 1, last_error = @last_error, next_try_at = now() + make_interval(secs => @wait_seconds::float8)
WHERE provider = @provider AND event_id = @event_id;

-- name: ClaimParkedEvents :many
UPDATE webhook_event
SET next_try_at = now() + make_interval(secs => @lease_seconds::float8)
WHERE (provider, event_id) IN (
    SELECT due.provider, due.event_id
    FROM webhook_event AS due
    WHERE due.next_try_at <= now() AND due.state IN ('received', 'parked')
    ORDER BY due.next_try_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
)
RETURNING provider, event_id;

-- name: CountParkedEvents :one
SELECT count(*) FROM webhook_event WHERE state = 'parked';

-- name: CountDeadEvents :one
SELECT count(*) FROM webhook_event WHERE state = 'dead';

-- name: GetEvent :one
SELECT provider, event_id, state, operation_key, body, tries, conflicts, last_error, received_at
FROM webhook_event
WHERE provider = @provider AND event_id = @event_id
FOR UPDATE;

-- name: ReviveEvent :exec
UPDATE webhook_event
SET state = 'received', operation_key = @operation_key, outcome = @outcome, tries = 0, received_at = now(), next_try_at = now() + interval '1 minute'
WHERE provider = @provider AND event_id = @event_id AND state = 'dead';

-- name: ListEvents :many
SELECT provider, event_id, state, operation_key, body, tries, conflicts, last_error, received_at
FROM webhook_event
WHERE state = @state AND (received_at, event_id) > (@after_time::timestamptz, @after_id::text)
ORDER BY received_at, event_id
LIMIT @batch;

-- name: PurgeEvents :execrows
DELETE FROM webhook_event
WHERE (provider, event_id) IN (
    SELECT old.provider, old.event_id
    FROM webhook_event AS old
    WHERE old.received_at < now() - make_interval(secs => @age_seconds::float8) AND old.state = 'applied'
    ORDER BY old.received_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);
