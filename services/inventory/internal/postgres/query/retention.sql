-- name: PurgeReservations :one
-- Deletes reservations that came to nothing long ago, the oldest first, in a batch so that nobody waits long, and says how
-- many. Their ids stay in reservation_key and can never be used again.
WITH old AS MATERIALIZED (
    SELECT r.id
    FROM reservation AS r
    WHERE r.state IN ('released', 'expired', 'refused') AND r.created_at < now() - make_interval(secs => @age_seconds::float8)
    ORDER BY r.created_at
    LIMIT @batch
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM reservation WHERE id = ANY (ARRAY(SELECT old.id FROM old)) RETURNING reservation.id
), emptied AS (
    DELETE FROM allocation WHERE reservation_id = ANY (ARRAY(SELECT gone.id FROM gone))
)
SELECT count(*) FROM gone;
