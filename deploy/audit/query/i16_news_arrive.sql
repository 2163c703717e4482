-- invariant: I16
-- meaning: everything that must happen after a commit happens within 30 seconds, and has its effect once

-- part: cart was told of every change of a payment within 30 seconds
-- checked: payment.river_job WHERE kind = 'notify_payment'
SELECT 'job ' || id AS id, format('%s, made %s, tried %s times', state, created_at, attempt) AS what
FROM payment.river_job
WHERE kind = 'notify_payment' AND (state IN ('discarded', 'cancelled')
   OR (state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND created_at < now() - interval '30 seconds'));

-- part: what cart was told it has taken
-- checked: payment.river_job WHERE kind = 'notify_payment' AND state = 'completed'
SELECT 'job ' || j.id AS id, format('event %s was delivered at %s and is not known to cart', j.args ->> 'event_id', j.finalized_at) AS what
FROM payment.river_job AS j
LEFT JOIN cart.taken_event AS e ON e.event_id = j.args ->> 'event_id'
WHERE j.kind = 'notify_payment' AND j.state = 'completed' AND e.event_id IS NULL;

-- part: every notification of a provider was applied within 30 seconds, or waits for its operation
-- checked: payment.webhook_event
SELECT provider || ' ' || event_id AS id, format('%s since %s, tried %s times', state, received_at, tries) AS what
FROM payment.webhook_event
WHERE state = 'received' AND received_at < now() - interval '30 seconds';
