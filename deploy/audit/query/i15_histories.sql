-- invariant: I15
-- meaning: every state was reached by an allowed path, and no step of a history is missing

-- part: the history of every order is a path of its states
-- checked: cart.order_event
-- Checkout, perhaps the buyer's turn, then either the end or the placing; whatever else happens comes after the placing, and a
-- cancellation is the last thing.
WITH histories AS (
    SELECT order_id, min(id) AS first, max(id) AS last,
           count(*) FILTER (WHERE kind = 'checkout.started') AS starts, min(id) FILTER (WHERE kind = 'checkout.started') AS started,
           max(id) FILTER (WHERE kind = 'payment.requires_action') AS turn,
           count(*) FILTER (WHERE kind = 'order.placed') AS placings, min(id) FILTER (WHERE kind = 'order.placed') AS placed,
           count(*) FILTER (WHERE kind IN ('order.failed', 'order.cancelled')) AS ends,
           min(id) FILTER (WHERE kind = 'order.failed') AS failed, min(id) FILTER (WHERE kind = 'order.cancelled') AS cancelled,
           min(id) FILTER (WHERE kind NOT IN ('checkout.started', 'payment.requires_action', 'order.placed', 'order.failed', 'order.cancelled')) AS later,
           bool_or(kind = 'refund.succeeded') AS refunded
    FROM cart.order_event
    GROUP BY order_id
)
SELECT o.id, format('%s; events: started %s, buyer''s turn %s, placed %s, failed %s, cancelled %s, anything later %s, the last %s', o.status,
                    h.started, h.turn, h.placed, h.failed, h.cancelled, h.later, h.last) AS what
FROM cart.sales_order AS o
LEFT JOIN histories AS h ON h.order_id = o.id
WHERE (
    h.starts = 1 AND h.started = h.first AND h.placings <= 1 AND h.ends <= 1
    AND (h.failed IS NULL OR (h.placed IS NULL AND h.failed = h.last)) AND (h.cancelled IS NULL OR h.cancelled = h.last)
    AND (h.turn IS NULL OR h.turn < coalesce(h.placed, h.failed, h.cancelled, h.turn + 1))
    AND (h.later IS NULL OR h.placed < h.later)
    AND (o.placed_at IS NOT NULL) = (h.placed IS NOT NULL) AND (o.number IS NOT NULL) = (h.placed IS NOT NULL)
    AND CASE o.status
        WHEN 'placed' THEN h.placed IS NOT NULL AND h.cancelled IS NULL
        WHEN 'completed' THEN h.placed IS NOT NULL AND h.cancelled IS NULL
        WHEN 'failed' THEN h.failed IS NOT NULL
        WHEN 'cancelled' THEN h.cancelled IS NOT NULL OR h.refunded
        ELSE h.placed IS NULL AND h.ends = 0
    END
) IS NOT TRUE;

-- part: every order, refund and parcel is where its machine left it
-- checked: cart.saga
SELECT s.id, format('the %s of order %s ended as %s, and it is %s', s.kind, s.order_id, s.state, coalesce(r.status, p.status, o.status)) AS what
FROM cart.saga AS s
JOIN cart.sales_order AS o ON o.id = s.order_id
LEFT JOIN cart.order_refund AS r ON s.kind = 'refund' AND r.id = s.id
LEFT JOIN cart.order_shipment AS p ON s.kind = 'shipment' AND p.id = s.id
WHERE (s.kind = 'checkout' AND s.state = 'done' AND o.placed_at IS NULL)
   OR (s.kind = 'checkout' AND s.state = 'failed' AND (o.placed_at IS NOT NULL OR o.status NOT IN ('failed', 'cancelled')))
   OR (s.kind = 'refund' AND s.state IN ('done', 'failed') AND (s.state = 'done') <> (r.status = 'succeeded'))
   OR (s.kind = 'shipment' AND s.state IN ('done', 'failed') AND (s.state = 'done') <> (p.status = 'succeeded'))
   OR coalesce(r.status, p.status) = 'pending' AND s.state IN ('done', 'failed');

-- part: every count of stock follows from the one before it
-- checked: inventory.stock_movement
SELECT 'movement ' || id AS id, format('%s at %s: %s, then %s makes %s', sku, location_key, before, delta, on_hand_after) AS what
FROM (
    SELECT id, sku, location_key, delta, on_hand_after, lag(on_hand_after, 1, 0) OVER (PARTITION BY sku, location_key ORDER BY id) AS before
    FROM inventory.stock_movement
) AS chain
WHERE on_hand_after <> before + delta;

-- part: every reservation went through its states in order
-- checked: inventory.reservation
SELECT id::text AS id, format('%s, committed at %s, closed at %s', state, committed_at, closed_at) AS what
FROM inventory.reservation
WHERE (state = 'held' AND (committed_at IS NOT NULL OR closed_at IS NOT NULL))
   OR (state = 'committed' AND committed_at IS NULL)
   OR (state IN ('released', 'expired') AND (closed_at IS NULL OR committed_at IS NOT NULL));

-- part: the state of every payment follows from its sums
-- checked: payment.payment
SELECT id, format('%s with authorized %s, captured %s, voided %s, refunded %s', state, authorized, captured, voided, refunded) AS what
FROM payment.payment
WHERE NOT CASE state
    WHEN 'captured' THEN captured > 0 AND refunded = 0 AND authorized = captured + voided
    WHEN 'partially_captured' THEN captured > 0 AND refunded = 0 AND authorized > captured + voided
    WHEN 'partially_refunded' THEN refunded > 0 AND refunded < captured
    WHEN 'refunded' THEN captured > 0 AND refunded >= captured
    WHEN 'authorized' THEN authorized > 0 AND captured = 0 AND voided = 0
    WHEN 'voided' THEN captured = 0 AND authorized = voided
    WHEN 'expired' THEN captured = 0 AND authorized = voided
    WHEN 'voiding' THEN void_requested
    WHEN 'integrity_failure' THEN true
    ELSE captured = 0 AND authorized = 0
END;
