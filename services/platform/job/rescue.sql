-- Tries that their process cannot be at any more, of the kinds $1 with the times $2. The last try of a job is left to River's
-- rescuer, which knows how a job dies.
UPDATE river_job
SET state = 'available', scheduled_at = now(), errors = array_append(errors, jsonb_build_object(
    'at', now(), 'attempt', attempt, 'error', 'the process ended in the middle', 'trace', ''))
WHERE id IN (
    SELECT stuck.id
    FROM river_job AS stuck
    JOIN unnest($1::text[], $2::float8[]) AS allowed (kind, seconds) ON allowed.kind = stuck.kind
    WHERE stuck.state = 'running' AND stuck.attempt < stuck.max_attempts
        AND stuck.attempted_at < now() - make_interval(secs => allowed.seconds)
    ORDER BY stuck.id
    LIMIT 100
    FOR UPDATE OF stuck SKIP LOCKED
)
