-- invariant: I20
-- meaning: no checkout, refund or parcel is stuck without somebody being told

-- part: none is past its time by two minutes and unmarked
-- checked: cart.saga WHERE state IN ('running', 'waiting', 'compensating')
SELECT id, format('%s of order %s is %s at %s, due %s, deadline %s: %s', kind, order_id, state, step, next_run_at, deadline, left(last_error, 120)) AS what
FROM cart.saga
WHERE state IN ('running', 'waiting', 'compensating') AND NOT needs_attention AND lease_until < now() - interval '2 minutes'
  AND (deadline < now() - interval '2 minutes' OR next_run_at < now() - interval '2 minutes');
