-- name: InsertEvent :execrows
INSERT INTO webhook_event (provider, event_id, operation_key, outcome, body)
VALUES (@provider, @event_id, @operation_key, @outcome, @body)
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
SET state = @state, next_try_at = NULL
WHERE provider = @provider AND event_id = @event_id;

-- name: ParkEvent :exec
UPDATE webhook_event
SET state = 'parked', tries = tries + 1, next_try_at = now() + make_interval(secs => @wait_seconds::float8)
WHERE provider = @provider AND event_id = @event_id;

-- name: ClaimParkedEvents :many
UPDATE webhook_event
SET next_try_at = now() + make_interval(secs => @lease_seconds::float8)
WHERE (provider, event_id) IN (
    SELECT due.provider, due.event_id
    FROM webhook_event AS due
    WHERE due.state = 'parked' AND due.next_try_at <= now()
    ORDER BY due.next_try_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
)
RETURNING provider, event_id;

-- name: CountParkedEvents :one
SELECT count(*) FROM webhook_event WHERE state = 'parked';

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
