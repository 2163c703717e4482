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

-- part: a notification that was given up says why, and leaves no operation in doubt that nobody was told of
-- checked: payment.webhook_event WHERE state = 'dead'
-- Those that were given up stay in the list of the people who look after them until they are delivered again.
SELECT e.provider || ' ' || e.event_id AS id, format('given up since %s: "%s"; its operation is %s', e.received_at, e.last_error, coalesce(o.status, 'unknown')) AS what
FROM payment.webhook_event AS e
LEFT JOIN payment.operation AS o ON o.id = e.operation_key
WHERE e.state = 'dead' AND (e.last_error = '' OR (o.status NOT IN ('ok', 'failed') AND NOT o.needs_attention));

-- part: no notification that waits was forgotten
-- checked: payment.webhook_event WHERE state IN ('received', 'parked')
SELECT provider || ' ' || event_id AS id, format('%s since %s, to be tried again at %s', state, received_at, next_try_at) AS what
FROM payment.webhook_event
WHERE state = 'parked' AND (next_try_at IS NULL OR next_try_at < now() - interval '5 minutes');
