-- invariant: I15
-- meaning: every state was reached by an allowed path, and no step of a history is missing

-- part: the history of every order is a path of its states
-- checked: cart.order_event
-- pass: path
-- Checkout, perhaps the buyer's turn, then either the end or the placing; whatever else happens comes after the placing, and a
-- cancellation is the last thing.
SELECT order_id AS id, format('%s; events: started %s, buyer''s turn %s, placed %s, failed %s, cancelled %s, anything later %s, the last %s', status,
                              started, turn, placed, failed, cancelled, later, last) AS what
WHERE order_id IS NOT NULL AND (
    starts = 1 AND started = first AND placings <= 1 AND ends <= 1
    AND (failed IS NULL OR (placed IS NULL AND failed = last)) AND (cancelled IS NULL OR cancelled = last)
    AND (turn IS NULL OR turn < coalesce(placed, failed, cancelled, turn + 1))
    AND (later IS NULL OR placed < later)
    AND (placed_at IS NOT NULL) = (placed IS NOT NULL) AND (number IS NOT NULL) = (placed IS NOT NULL)
    AND CASE status
        WHEN 'placed' THEN placed IS NOT NULL AND cancelled IS NULL
        WHEN 'completed' THEN placed IS NOT NULL AND cancelled IS NULL
        WHEN 'failed' THEN failed IS NOT NULL
        WHEN 'cancelled' THEN cancelled IS NOT NULL OR refunded
        ELSE placed IS NULL AND ends = 0
    END
) IS NOT TRUE;

-- part: every order is where its checkout left it
-- checked: cart.sales_order
-- pass: path
SELECT order_id AS id, format('its checkout ended as %s, and it is %s', checkout, status) AS what
WHERE (checkout = 'done' AND placed_at IS NULL) OR (checkout = 'failed' AND (placed_at IS NOT NULL OR status NOT IN ('failed', 'cancelled')));

-- part: every refund and parcel is where its machine left it
-- checked: cart.saga WHERE kind IN ('refund', 'shipment')
SELECT s.id, format('the %s of order %s ended as %s, and it is %s', s.kind, s.order_id, s.state, coalesce(r.status, p.status, 'missing')) AS what
FROM cart.saga AS s
LEFT JOIN cart.order_refund AS r ON s.kind = 'refund' AND r.id = s.id
LEFT JOIN cart.order_shipment AS p ON s.kind = 'shipment' AND p.id = s.id
WHERE s.kind IN ('refund', 'shipment') AND s.state IN ('done', 'failed') AND (s.state = 'done') IS DISTINCT FROM (coalesce(r.status, p.status) = 'succeeded')
   OR s.state IN ('done', 'failed') AND coalesce(r.status, p.status) = 'pending';

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
-- pass: money
SELECT id, format('%s with authorized %s, captured %s, voided %s, refunded %s', state, authorized, captured, voided, refunded) AS what
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
