-- invariant: I8
-- meaning: no order was placed before its whole total was authorized, captured or held on gift cards

-- part: authorized and held on gift cards is at least the total
-- checked: cart.sales_order
-- pass: money
-- What one payment does not cover several may.
SELECT order_id AS id, format('total %s %s, authorized %s, held on gift cards %s', total, order_currency, coalesce(authorized, 0), held) AS what
WHERE placed_at IS NOT NULL AND CASE WHEN coalesce(authorized, 0) + held < total
    THEN held + (SELECT coalesce(sum(q.authorized), 0) FROM payment.payment AS q WHERE q.order_id = money.order_id) < total END;

-- part: an order whose payment ended before it was captured shows it
-- checked: cart.sales_order
-- pass: money
SELECT order_id AS id, format('%s %s are not captured, payment %s is %s, and the order shows no problem', due - order_captured - not_captured, order_currency, id, state) AS what
WHERE NOT extra AND status = 'placed' AND due > order_captured + not_captured AND state IN ('voided', 'expired', 'declined', 'integrity_failure')
  AND NOT (payment_problem AND needs_attention) AND NOT busy;

-- part: nothing left unpaid after the payment was lost
-- checked: cart.sales_order
-- pass: path
-- A parcel whose capture worked ends the problem; that the stock stays with the order I5 tells.
SELECT order_id AS id, 'a parcel left after its payment was lost, and captured nothing' AS what
WHERE lost IS NOT NULL AND EXISTS (
    SELECT 1
    FROM cart.order_event AS e
    JOIN cart.order_shipment AS p ON p.order_id = e.order_id AND p.created_at > e.created_at AND p.status <> 'failed' AND p.captured = 0
    WHERE e.id = path.lost AND NOT EXISTS (
        SELECT 1 FROM cart.order_shipment AS q WHERE q.order_id = p.order_id AND q.captured > 0 AND q.created_at > e.created_at AND q.created_at < p.created_at
    )
);
