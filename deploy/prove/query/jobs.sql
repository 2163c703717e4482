-- Jobs that wait or run, beside those that come round by themselves. Jobs of a killed process are taken up again after a minute.
SELECT sum(n)::bigint FROM (
    SELECT count(*) AS n FROM cart.river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND kind <> 'every'
    UNION ALL
    SELECT count(*) FROM payment.river_job WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND kind <> 'every'
    UNION ALL
    SELECT count(*) FROM payment.webhook_event WHERE state IN ('received', 'parked')
) AS waiting
