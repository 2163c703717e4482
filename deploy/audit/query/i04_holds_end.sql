-- invariant: I4
-- meaning: a hold on stock ends by itself: none is kept past its time

-- part: no hold is older than its time and a minute
-- checked: inventory.reservation WHERE state = 'held'
SELECT id::text AS id, format('order %s, held until %s', order_id, expires_at) AS what
FROM inventory.reservation
WHERE state = 'held' AND (expires_at IS NULL OR expires_at < now() - interval '60 seconds');
