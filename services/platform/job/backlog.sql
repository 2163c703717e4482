-- Jobs that are due, are waiting for another try, or are dead, with the age of the oldest.
SELECT kind,
       CASE state WHEN 'available' THEN 'waiting' WHEN 'retryable' THEN 'retrying' ELSE 'dead' END AS condition,
       count(*),
       greatest(extract(epoch FROM now() - min(coalesce(finalized_at, scheduled_at))), 0)::float8
FROM river_job
WHERE state IN ('available', 'retryable', 'discarded', 'cancelled')
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 1000;
