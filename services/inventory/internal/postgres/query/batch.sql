-- name: ReserveBatch :many
-- Decides about many carts, in the order given, as that many calls of Reserve would, and writes all outcomes in one
-- statement. Ids that were seen before are left out of the answer. One row comes back for each allocation, or a single one
-- without allocation for a refusal.
--   claimed  settles who owns the ids, in id order: two batches that share some wait for each other in one direction only
--   wanted   is the lines of the carts that are new
--   limited  locks the purchase limits in SKU order; all keys are claimed before the first of them
--   locked   locks the stock rows in (sku, location_key) order, after all limits, and reads them as they are under the lock
--   allowed  is what each customer may still buy of a limited SKU
--   scarce   is the SKUs of which a cart may get less than it wants from stock, owed what of them may be sold without
--   place    is whatever units may come from, choice what of it each line may take, in its order. What a customer may still
--            buy is a place too, of which each of the customer's carts must get as much as it wants of the SKU: so a cart
--            beyond a limit is refused as one beyond the stock is, and takes nothing from those behind it
--   given    is what take_in_order lets each choice take of the stock; refused is the carts of which a line got too little
-- For how the counters move see Reserve.
WITH asked AS MATERIALIZED (
    SELECT generate_series(1, cardinality(@ids::uuid[])) AS n, unnest(@ids::uuid[]) AS id, unnest(@order_ids::text[]) AS order_id,
           unnest(@channels::text[]) AS channel, unnest(@fingerprints::bytea[]) AS fingerprint,
           unnest(@ttl_seconds::integer[]) AS ttl_seconds, unnest(@actors::text[]) AS actor,
           unnest(@request_ids::text[]) AS request_id, unnest(@customer_keys::text[]) AS customer_key
), claimed AS (
    INSERT INTO reservation_key (id)
    SELECT asked.id FROM asked ORDER BY asked.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), wanted AS MATERIALIZED (
    SELECT asked.n, asked.channel, asked.customer_key, line.sku COLLATE "C" AS sku, line.quantity
    FROM claimed
    JOIN asked ON asked.id = claimed.id
    JOIN (SELECT unnest(@line_carts::integer[]) AS n, unnest(@skus::text[]) AS sku, unnest(@quantities::integer[]) AS quantity)
        AS line ON line.n = asked.n
    WHERE (SELECT count(*) FROM claimed) > 0
), limited AS MATERIALIZED (
    SELECT p.sku, p.quantity, p.window_days
    FROM purchase_limit AS p
    WHERE p.quantity > 0 AND p.sku = ANY (ARRAY(SELECT DISTINCT wanted.sku FROM wanted WHERE wanted.customer_key <> ''))
    ORDER BY p.sku
    FOR NO KEY UPDATE
), locked AS MATERIALIZED (
    SELECT s.sku, s.location_key, s.on_hand, s.reserved, s.on_hand - s.reserved AS free, l.priority, l.channels
    FROM stock AS s
    JOIN location AS l ON l.key = s.location_key
    WHERE s.sku = ANY (ARRAY(SELECT DISTINCT wanted.sku FROM wanted)) AND (SELECT count(*) FROM limited) >= 0
      AND l.active AND (l.channels = '{}' OR l.channels && @channels::text[])
    ORDER BY s.sku, s.location_key
    FOR NO KEY UPDATE OF s
), reachable AS (
    SELECT buyer.sku, buyer.channel, sum(locked.free) AS free
    FROM (SELECT DISTINCT wanted.sku, wanted.channel FROM wanted) AS buyer
    LEFT JOIN locked ON locked.sku = buyer.sku
        AND (locked.channels = '{}' OR buyer.channel = ANY (locked.channels))
    GROUP BY buyer.sku, buyer.channel
), scarce AS MATERIALIZED (
    SELECT reachable.sku
    FROM reachable
    JOIN (SELECT wanted.sku, sum(wanted.quantity) AS quantity FROM wanted GROUP BY wanted.sku) AS demand
        ON demand.sku = reachable.sku
    WHERE demand.quantity > coalesce(reachable.free, 0)
), owed AS MATERIALIZED (
    SELECT b.sku, b.backordered, greatest(b.unit_limit - b.backordered, 0) AS room
    FROM backorder AS b
    WHERE b.allowed AND b.sku = ANY (ARRAY(SELECT scarce.sku FROM scarce))
    ORDER BY b.sku
    FOR NO KEY UPDATE OF b
), allowed AS MATERIALIZED (
    SELECT unnest(pairs.customer_keys) AS customer_key, unnest(pairs.skus) AS sku, unnest(pairs.quantities) AS quantity,
           unnest(units_of_customers(pairs.customer_keys, pairs.skus, pairs.windows)) AS units
    FROM (
        SELECT array_agg(buyer.customer_key) AS customer_keys, array_agg(limited.sku) AS skus,
               array_agg(limited.quantity) AS quantities, array_agg(limited.window_days) AS windows
        FROM limited
        JOIN (SELECT DISTINCT wanted.sku, wanted.customer_key FROM wanted WHERE wanted.customer_key <> '') AS buyer
            ON buyer.sku = limited.sku
        HAVING count(*) > 0
    ) AS pairs
), place AS MATERIALIZED (
    SELECT row_number() OVER ()::integer AS place, source.sku, source.location_key, source.free, source.priority, source.channels,
           source.customer_key, source.most, source.units
    FROM (
        SELECT locked.sku, locked.location_key, locked.free, locked.priority, locked.channels, '' AS customer_key,
               NULL::integer AS most, NULL::integer AS units
        FROM locked
        UNION ALL
        SELECT owed.sku, '', owed.room, NULL, '{}', '', NULL, NULL FROM owed
        UNION ALL
        SELECT allowed.sku, '', greatest(allowed.quantity - allowed.units, 0), NULL, '{}', allowed.customer_key, allowed.quantity,
               allowed.units
        FROM allowed
    ) AS source
), choice AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY option.n, option.sku, option.most, option.priority, option.location_key) AS i,
           dense_rank() OVER (ORDER BY option.n, option.sku, option.most)::integer AS line,
           option.n, option.sku, option.quantity, option.place, option.location_key, option.most, option.units
    FROM (
        SELECT wanted.n, wanted.sku, wanted.quantity, place.place, place.location_key, place.priority, NULL::integer AS most,
               NULL::integer AS units
        FROM wanted
        LEFT JOIN place ON place.sku = wanted.sku AND place.customer_key = ''
            AND (place.channels = '{}' OR wanted.channel = ANY (place.channels))
        UNION ALL
        SELECT wanted.n, wanted.sku, wanted.quantity, place.place, '', NULL, place.most, place.units
        FROM wanted
        JOIN place ON place.sku = wanted.sku AND place.customer_key = wanted.customer_key AND place.customer_key <> ''
    ) AS option
), decided AS MATERIALIZED (
    SELECT generate_series(1, cardinality(answer.taken)) AS i, unnest(answer.taken) AS taken
    FROM (SELECT take_in_order(
        ARRAY(SELECT place.free FROM place ORDER BY place.place),
        ARRAY(SELECT choice.n FROM choice ORDER BY choice.i),
        ARRAY(SELECT choice.line FROM choice ORDER BY choice.i),
        ARRAY(SELECT choice.place FROM choice ORDER BY choice.i),
        ARRAY(SELECT choice.quantity FROM choice ORDER BY choice.i)) AS taken) AS answer
), given AS MATERIALIZED (
    SELECT choice.n, choice.sku, choice.location_key, choice.quantity, choice.most, choice.units,
           CASE WHEN choice.most IS NULL THEN decided.taken ELSE 0 END AS taken,
           sum(decided.taken) OVER (PARTITION BY choice.line) AS covered
    FROM choice
    JOIN decided ON decided.i = choice.i
), refused AS MATERIALIZED (
    SELECT short.n,
           jsonb_agg(CASE WHEN short.most IS NULL
                     THEN jsonb_build_object('sku', short.sku, 'requested', short.quantity, 'available', short.covered)
                     ELSE jsonb_build_object('sku', short.sku, 'requested', short.quantity, 'available', short.covered,
                                             'limit', short.most, 'held', greatest(short.most - short.covered, short.units))
                     END ORDER BY short.sku, short.most NULLS FIRST) AS refusal
    FROM (SELECT DISTINCT given.n, given.sku, given.quantity, given.covered, given.most, given.units FROM given
          WHERE given.covered < given.quantity) AS short
    GROUP BY short.n
), outcome AS (
    INSERT INTO reservation (id, order_id, channel, state, fingerprint, refusal, actor, request_id, expires_at, customer_key)
    SELECT asked.id, asked.order_id, asked.channel, CASE WHEN refused.n IS NULL THEN 'held' ELSE 'refused' END,
           asked.fingerprint, refused.refusal, asked.actor, asked.request_id,
           now() + make_interval(secs => asked.ttl_seconds),
           CASE WHEN refused.n IS NULL AND (SELECT count(*) FROM allowed) > 0
                     AND asked.n IN (SELECT choice.n FROM choice WHERE choice.most IS NOT NULL)
                THEN asked.customer_key END
    FROM claimed
    JOIN asked ON asked.id = claimed.id
    LEFT JOIN refused ON refused.n = asked.n
    RETURNING id, state, refusal, expires_at, created_at
), allocated AS (
    INSERT INTO allocation (reservation_id, sku, location_key, quantity)
    SELECT outcome.id, given.sku, given.location_key, given.taken
    FROM outcome
    JOIN asked ON asked.id = outcome.id
    JOIN given ON given.n = asked.n
    WHERE outcome.state = 'held' AND given.taken > 0
    RETURNING reservation_id, sku, location_key, quantity
), filled AS (
    SELECT allocated.sku, allocated.location_key, sum(allocated.quantity)::integer AS quantity
    FROM allocated
    GROUP BY allocated.sku, allocated.location_key
), moved AS (
    UPDATE stock
    SET on_hand = locked.on_hand, reserved = locked.reserved + filled.quantity, updated_at = now()
    FROM filled
    JOIN locked ON locked.sku = filled.sku AND locked.location_key = filled.location_key
    WHERE stock.sku = locked.sku AND stock.location_key = locked.location_key
), promised AS (
    UPDATE backorder
    SET backordered = owed.backordered + filled.quantity, updated_at = now()
    FROM filled
    JOIN owed ON owed.sku = filled.sku
    WHERE filled.location_key = '' AND backorder.sku = owed.sku
)
SELECT outcome.id, outcome.state, outcome.refusal, outcome.expires_at, outcome.created_at,
       coalesce(allocated.sku, '')::text AS sku, coalesce(allocated.location_key, '')::text AS location_key,
       coalesce(allocated.quantity, 0)::integer AS quantity
FROM outcome
LEFT JOIN allocated ON allocated.reservation_id = outcome.id
ORDER BY outcome.id, allocated.sku, allocated.location_key;

-- name: GetReservations :many
-- The rows of GetReservation for many ids, those of one together.
SELECT r.id, r.order_id, r.channel, r.state, r.fingerprint, r.refusal, r.expires_at, r.created_at,
       coalesce(a.sku, '')::text AS sku, coalesce(a.location_key, '')::text AS location_key,
       coalesce(a.quantity, 0)::integer AS quantity, coalesce(a.shipped, 0)::integer AS shipped,
       coalesce(a.released, 0)::integer AS released
FROM reservation AS r
LEFT JOIN allocation AS a ON a.reservation_id = r.id
WHERE r.id = ANY (@ids::uuid[])
ORDER BY r.id, a.sku, a.location_key;

-- name: ReleaseReservations :exec
-- Ends those of many reservations that are held, in id order, and frees their stock; see ReleaseReservation.
WITH due AS MATERIALIZED (
    SELECT r.id
    FROM reservation AS r
    WHERE r.id = ANY (@ids::uuid[]) AND r.state = 'held'
    ORDER BY r.id
    FOR NO KEY UPDATE
), closed AS (
    UPDATE reservation SET state = 'released', closed_at = now()
    FROM due
    WHERE reservation.id = due.id
    RETURNING reservation.id
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
)
UPDATE backorder
SET backordered = owed.backordered - owed.quantity, updated_at = now()
FROM owed
WHERE backorder.sku = owed.sku;

-- name: InsertTombstones :exec
-- Refuses in advance those of many ids that were never seen, in id order.
WITH asked AS MATERIALIZED (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@actors::text[]) AS actor, unnest(@request_ids::text[]) AS request_id
), claimed AS (
    INSERT INTO reservation_key (id)
    SELECT asked.id FROM asked ORDER BY asked.id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO reservation (id, order_id, channel, state, actor, request_id, closed_at)
SELECT asked.id, '', '', 'released', asked.actor, asked.request_id, now()
FROM claimed
JOIN asked ON asked.id = claimed.id;
