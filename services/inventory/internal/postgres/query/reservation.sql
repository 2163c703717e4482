-- name: Reserve :many
-- Decides about a whole cart and writes the outcome, granted or refused, in one statement: no lock outlives a round trip.
-- Nothing is returned when the id was seen before; then nothing was locked or written either. Otherwise one row comes back
-- for each allocation, or a single one without allocation for a refusal.
--   claimed  settles who owns the id
--   limited  locks the purchase limits in SKU order, allowed is what the customer has of them
--   locked   locks the stock rows in (sku, location_key) order, after all limits, and reads them as they are under the lock
--   taken    lets the locations cover each SKU by priority
--   short    is what stock does not cover, owed what may still be sold without stock
--   refused  is what neither covers, and what is beyond a limit
-- The counters move by the allocations really inserted, from the values read under the lock: the row as the statement's
-- snapshot has it may be older, and CHECK constraints are tried on that one first, which would fail although the row is fine.
WITH claimed AS (
    INSERT INTO reservation_key (id) VALUES (@id) ON CONFLICT (id) DO NOTHING RETURNING id
), wanted AS MATERIALIZED (
    SELECT unnest(@skus::text[]) AS sku, unnest(@quantities::integer[]) AS quantity
    FROM claimed
), limited AS MATERIALIZED (
    SELECT p.sku, p.quantity, p.window_days
    FROM purchase_limit AS p
    WHERE p.quantity > 0 AND p.sku = ANY (@skus::text[]) AND @customer_key::text <> '' AND EXISTS (SELECT 1 FROM claimed)
    ORDER BY p.sku
    FOR NO KEY UPDATE
), allowed AS MATERIALIZED (
    SELECT unnest(limits.skus) AS sku, unnest(limits.quantities) AS quantity,
           unnest(units_of_customers(array_fill(@customer_key::text, ARRAY[cardinality(limits.skus)]), limits.skus, limits.windows))
               AS units
    FROM (
        SELECT array_agg(limited.sku) AS skus, array_agg(limited.quantity) AS quantities, array_agg(limited.window_days) AS windows
        FROM limited
        HAVING count(*) > 0
    ) AS limits
), locked AS MATERIALIZED (
    SELECT s.sku, s.location_key, s.on_hand, s.reserved, s.on_hand - s.reserved AS free, l.priority
    FROM stock AS s
    JOIN location AS l ON l.key = s.location_key
    WHERE s.sku = ANY (@skus::text[]) AND EXISTS (SELECT 1 FROM claimed) AND (SELECT count(*) FROM limited) >= 0
      AND l.active AND (l.channels = '{}' OR @channel::text = ANY (l.channels))
    ORDER BY s.sku, s.location_key
    FOR NO KEY UPDATE OF s
), ranked AS (
    SELECT locked.sku, locked.location_key, locked.free, wanted.quantity,
           sum(locked.free) OVER (PARTITION BY locked.sku ORDER BY locked.priority, locked.location_key) - locked.free
               AS before
    FROM locked
    JOIN wanted ON wanted.sku = locked.sku
    WHERE locked.free > 0
), taken AS MATERIALIZED (
    SELECT ranked.sku, ranked.location_key, least(ranked.free, ranked.quantity - ranked.before)::integer AS quantity
    FROM ranked
    WHERE ranked.before < ranked.quantity
), short AS MATERIALIZED (
    SELECT wanted.sku, wanted.quantity, coalesce(sum(taken.quantity), 0)::integer AS covered
    FROM wanted
    LEFT JOIN taken ON taken.sku = wanted.sku
    GROUP BY wanted.sku, wanted.quantity
    HAVING coalesce(sum(taken.quantity), 0) < wanted.quantity
), owed AS MATERIALIZED (
    SELECT b.sku, greatest(b.unit_limit - b.backordered, 0) AS room
    FROM backorder AS b
    WHERE b.allowed AND b.sku IN (SELECT short.sku FROM short)
    ORDER BY b.sku
    FOR NO KEY UPDATE OF b
), refused AS MATERIALIZED (
    SELECT short.sku, false AS counted,
           jsonb_build_object('sku', short.sku, 'requested', short.quantity, 'available', short.covered + coalesce(owed.room, 0))
               AS refusal
    FROM short
    LEFT JOIN owed ON owed.sku = short.sku
    WHERE short.quantity > short.covered + coalesce(owed.room, 0)
    UNION ALL
    SELECT wanted.sku, true,
           jsonb_build_object('sku', wanted.sku, 'requested', wanted.quantity, 'available', greatest(allowed.quantity - allowed.units, 0),
                              'limit', allowed.quantity, 'held', allowed.units)
    FROM wanted
    JOIN allowed ON allowed.sku = wanted.sku
    WHERE wanted.quantity > allowed.quantity - allowed.units
), outcome AS (
    INSERT INTO reservation (id, order_id, channel, state, fingerprint, refusal, actor, request_id, expires_at, customer_key)
    SELECT claimed.id, @order_id, @channel,
           CASE WHEN EXISTS (SELECT 1 FROM refused) THEN 'refused' ELSE 'held' END,
           @fingerprint,
           (SELECT jsonb_agg(refused.refusal ORDER BY refused.sku, refused.counted) FROM refused),
           @actor, @request_id, now() + make_interval(secs => @ttl_seconds::integer),
           CASE WHEN EXISTS (SELECT 1 FROM limited) AND NOT EXISTS (SELECT 1 FROM refused) THEN @customer_key END
    FROM claimed
    RETURNING id, state, refusal, expires_at, created_at
), allocated AS (
    INSERT INTO allocation (reservation_id, sku, location_key, quantity)
    SELECT outcome.id, taken.sku, taken.location_key, taken.quantity
    FROM outcome, taken
    WHERE outcome.state = 'held'
    UNION ALL
    SELECT outcome.id, short.sku, '', short.quantity - short.covered
    FROM outcome, short
    WHERE outcome.state = 'held'
    RETURNING sku, location_key, quantity
), moved AS (
    UPDATE stock
    SET on_hand = locked.on_hand, reserved = locked.reserved + allocated.quantity, updated_at = now()
    FROM allocated
    JOIN locked ON locked.sku = allocated.sku AND locked.location_key = allocated.location_key
    WHERE stock.sku = locked.sku AND stock.location_key = locked.location_key
), promised AS (
    UPDATE backorder
    SET backordered = backorder.backordered + allocated.quantity, updated_at = now()
    FROM allocated
    WHERE backorder.sku = allocated.sku AND allocated.location_key = ''
)
SELECT outcome.state, outcome.refusal, outcome.expires_at, outcome.created_at,
       coalesce(allocated.sku, '')::text AS sku, coalesce(allocated.location_key, '')::text AS location_key,
       coalesce(allocated.quantity, 0)::integer AS quantity
FROM outcome
LEFT JOIN allocated ON true
ORDER BY allocated.sku, allocated.location_key
LIMIT 50000;

-- name: GetReservation :many
-- One row for each allocation, or a single one without.
SELECT r.id, r.order_id, r.channel, r.state, r.fingerprint, r.refusal, r.expires_at, r.created_at,
       coalesce(a.sku, '')::text AS sku, coalesce(a.location_key, '')::text AS location_key,
       coalesce(a.quantity, 0)::integer AS quantity, coalesce(a.shipped, 0)::integer AS shipped,
       coalesce(a.released, 0)::integer AS released
FROM reservation AS r
LEFT JOIN allocation AS a ON a.reservation_id = r.id
WHERE r.id = @id
ORDER BY a.sku, a.location_key
LIMIT 50000;

-- name: LockReservation :one
-- Whoever changes the allocations of a committed reservation holds this lock; they are read after it.
SELECT id, order_id, channel, state, fingerprint, refusal, expires_at, created_at
FROM reservation
WHERE id = @id
FOR NO KEY UPDATE;

-- name: OpenAllocations :many
-- What a reservation still owes, each SKU's locations by priority and its backordered units last.
SELECT a.sku, a.location_key, a.quantity, a.shipped, a.released
FROM allocation AS a
LEFT JOIN location AS l ON l.key = a.location_key
WHERE a.reservation_id = @id AND a.quantity > a.shipped + a.released
ORDER BY a.sku, l.priority NULLS LAST, a.location_key
LIMIT 50000;

-- name: CommitReservation :many
-- The rows of GetReservation, or none when the reservation is not held. A hold whose time is over may be committed as long
-- as nobody has ended it: its units are still there.
WITH committed AS (
    UPDATE reservation SET state = 'committed', committed_at = now()
    WHERE id = @id AND state = 'held'
    RETURNING id, order_id, channel, state, fingerprint, refusal, expires_at, created_at
)
SELECT r.id, r.order_id, r.channel, r.state, r.fingerprint, r.refusal, r.expires_at, r.created_at,
       coalesce(a.sku, '')::text AS sku, coalesce(a.location_key, '')::text AS location_key,
       coalesce(a.quantity, 0)::integer AS quantity, coalesce(a.shipped, 0)::integer AS shipped,
       coalesce(a.released, 0)::integer AS released
FROM committed AS r
LEFT JOIN allocation AS a ON a.reservation_id = r.id
ORDER BY a.sku, a.location_key
LIMIT 50000;

-- name: ReleaseReservation :one
-- The number of reservations released, 0 or 1: only a held one is. Its allocations never change, so reading them in the
-- same statement cannot miss a change made while it waited for the row. For the counters see Reserve.
WITH closed AS (
    UPDATE reservation SET state = 'released', closed_at = now() WHERE id = @id AND state = 'held' RETURNING id
), locked AS MATERIALIZED (
    SELECT s.sku, s.location_key, s.on_hand, s.reserved, a.quantity
    FROM closed
    JOIN allocation AS a ON a.reservation_id = closed.id
    JOIN stock AS s ON s.sku = a.sku AND s.location_key = a.location_key
    ORDER BY s.sku, s.location_key
    FOR NO KEY UPDATE OF s
), owed AS MATERIALIZED (
    SELECT b.sku, b.backordered, a.quantity
    FROM closed
    JOIN allocation AS a ON a.reservation_id = closed.id AND a.location_key = ''
    JOIN backorder AS b ON b.sku = a.sku
    WHERE (SELECT count(*) FROM locked) >= 0 -- stock is locked first
    ORDER BY b.sku
    FOR NO KEY UPDATE OF b
), moved AS (
    UPDATE stock
    SET on_hand = locked.on_hand, reserved = locked.reserved - locked.quantity, updated_at = now()
    FROM locked
    WHERE stock.sku = locked.sku AND stock.location_key = locked.location_key
), forgiven AS (
    UPDATE backorder
    SET backordered = owed.backordered - owed.quantity, updated_at = now()
    FROM owed
    WHERE backorder.sku = owed.sku
)
SELECT count(*) FROM closed;

-- name: InsertTombstone :execrows
WITH claimed AS (
    INSERT INTO reservation_key (id) VALUES (@id) ON CONFLICT (id) DO NOTHING RETURNING id
)
INSERT INTO reservation (id, order_id, channel, state, actor, request_id, closed_at)
SELECT claimed.id, '', '', 'released', @actor, @request_id, now()
FROM claimed;

-- name: ExpireReservations :one
-- Ends overdue reservations, oldest first, skipping those somebody else is closing at this moment; see ReleaseReservation.
WITH due AS MATERIALIZED (
    SELECT r.id
    FROM reservation AS r
    WHERE r.state = 'held' AND r.expires_at <= now()
    ORDER BY r.expires_at
    LIMIT @batch
    FOR NO KEY UPDATE SKIP LOCKED
), closed AS (
    UPDATE reservation SET state = 'expired', closed_at = now()
    FROM due
    WHERE reservation.id = due.id
    RETURNING reservation.id, reservation.expires_at
), freed AS MATERIALIZED (
    SELECT a.sku, a.location_key, sum(a.quantity)::integer AS quantity
    FROM closed
    JOIN allocation AS a ON a.reservation_id = closed.id
    GROUP BY a.sku, a.location_key
), locked AS MATERIALIZED (
    SELECT s.sku, s.location_key, s.on_hand, s.reserved, freed.quantity
    FROM freed
    JOIN stock AS s ON s.sku = freed.sku AND s.location_key = freed.location_key
    ORDER BY s.sku, s.location_key
    FOR NO KEY UPDATE OF s
), owed AS MATERIALIZED (
    SELECT b.sku, b.backordered, freed.quantity
    FROM freed
    JOIN backorder AS b ON b.sku = freed.sku
    WHERE freed.location_key = '' AND (SELECT count(*) FROM locked) >= 0 -- stock is locked first
    ORDER BY b.sku
    FOR NO KEY UPDATE OF b
), moved AS (
    UPDATE stock
    SET on_hand = locked.on_hand, reserved = locked.reserved - locked.quantity, updated_at = now()
    FROM locked
    WHERE stock.sku = locked.sku AND stock.location_key = locked.location_key
), forgiven AS (
    UPDATE backorder
    SET backordered = owed.backordered - owed.quantity, updated_at = now()
    FROM owed
    WHERE backorder.sku = owed.sku
)
SELECT count(*) AS expired,
       coalesce(extract(epoch FROM clock_timestamp() - min(closed.expires_at)), 0)::float8 AS oldest_seconds
FROM closed;

-- name: InsertAllocationRelease :execrows
INSERT INTO allocation_release (id, reservation_id, fingerprint, actor, request_id)
VALUES (@id, @reservation_id, @fingerprint, @actor, @request_id)
ON CONFLICT (id) DO NOTHING;

-- name: InsertAllocationReleaseItems :exec
INSERT INTO allocation_release_item (release_id, sku, location_key, quantity)
SELECT @release_id, unnest(@skus::text[]), unnest(@location_keys::text[]), unnest(@quantities::integer[]);

-- name: FindAllocationRelease :one
SELECT reservation_id, fingerprint FROM allocation_release WHERE id = @id;

-- name: MarkReleased :exec
UPDATE allocation
SET released = allocation.released + given.quantity
FROM (SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key,
             unnest(@quantities::integer[]) AS quantity) AS given
WHERE allocation.reservation_id = @reservation_id AND allocation.sku = given.sku
  AND allocation.location_key = given.location_key;

-- name: MarkShipped :exec
UPDATE allocation
SET shipped = allocation.shipped + sent.quantity
FROM (SELECT unnest(@skus::text[]) AS sku, unnest(@location_keys::text[]) AS location_key,
             unnest(@quantities::integer[]) AS quantity) AS sent
WHERE allocation.reservation_id = @reservation_id AND allocation.sku = sent.sku
  AND allocation.location_key = sent.location_key;
