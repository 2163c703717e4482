-- name: MovementsOfWindow :many
-- Our operations of a time, by page.
SELECT id, provider_reference, order_id, kind, status, amount, currency, created_at, updated_at
FROM operation
WHERE provider = @provider AND created_at >= @window_from AND created_at < @window_until
    AND (created_at, id) > (@after_time::timestamptz, @after_id::text)
ORDER BY created_at, id
LIMIT @batch;

-- name: MovementsByKey :many
SELECT id, provider_reference, order_id, kind, status, amount, currency, created_at, updated_at
FROM operation
WHERE provider = @provider AND id = ANY(@keys::text[])
ORDER BY id
LIMIT 5000;

-- name: InsertReconciliation :one
INSERT INTO reconciliation (
    id, provider, window_from, window_until, matched, ours_only, theirs_only, amount, currency, duplicate, timing, actor, request_id
) VALUES (
    @id, @provider, @window_from, @window_until, @matched, @ours_only, @theirs_only, @amount, @currency, @duplicate, @timing, @actor, @request_id
)
ON CONFLICT DO NOTHING
RETURNING created_at;

-- name: ReconciliationByRequest :one
SELECT id, provider, window_from, window_until, matched, ours_only, theirs_only, amount, currency, duplicate, timing, actor, request_id, created_at
FROM reconciliation
WHERE actor = @actor AND request_id = @request_id AND request_id <> '';

-- name: SaveFinding :exec
INSERT INTO reconciliation_finding (
    id, provider, class, kind, operation_key, order_id, provider_reference, our_status, their_status, our_amount, our_currency,
    their_amount, their_currency, moved_at
) VALUES (
    @id, @provider, @class, @kind, @operation_key, @order_id, @provider_reference, @our_status, @their_status, @our_amount, @our_currency,
    @their_amount, @their_currency, @moved_at
)
ON CONFLICT ON CONSTRAINT reconciliation_finding_once DO UPDATE
SET order_id = EXCLUDED.order_id, provider_reference = EXCLUDED.provider_reference, our_status = EXCLUDED.our_status,
    their_status = EXCLUDED.their_status, our_amount = EXCLUDED.our_amount, our_currency = EXCLUDED.our_currency,
    their_amount = EXCLUDED.their_amount, their_currency = EXCLUDED.their_currency, moved_at = EXCLUDED.moved_at,
    updated_at = now(), closed_at = NULL;

-- name: CloseFindings :exec
-- What was open in the window and was not found by the comparison that runs in this transaction.
UPDATE reconciliation_finding
SET closed_at = now()
WHERE provider = @provider AND closed_at IS NULL AND moved_at >= @window_from AND moved_at < @window_until AND updated_at < now();

-- name: CloseFindingsByID :exec
UPDATE reconciliation_finding
SET closed_at = now()
WHERE id = ANY(@ids::text[]) AND closed_at IS NULL;

-- name: OpenFindingsBefore :many
SELECT id, provider, class, kind, operation_key, order_id, provider_reference, our_status, their_status, our_amount, our_currency,
    their_amount, their_currency, moved_at, created_at, updated_at, closed_at
FROM reconciliation_finding
WHERE provider = @provider AND closed_at IS NULL AND moved_at < @before
ORDER BY moved_at
LIMIT @batch;

-- name: CountOpenFindings :many
SELECT class, count(*) AS findings
FROM reconciliation_finding
WHERE closed_at IS NULL
GROUP BY class
ORDER BY class
LIMIT 20;

-- name: LastReconciliation :one
-- Seconds since the last comparison ended.
SELECT coalesce(extract(epoch FROM now() - max(created_at)), 0)::float8 AS age_seconds
FROM reconciliation;

-- name: PurgeReconciliations :execrows
DELETE FROM reconciliation
WHERE id IN (
    SELECT old.id FROM reconciliation AS old
    WHERE old.created_at < now() - interval '90 days'
    ORDER BY old.created_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
);
