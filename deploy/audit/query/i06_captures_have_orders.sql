-- invariant: I6
-- meaning: money that was taken belongs to exactly one placed order, which knows of it

-- part: no payment was captured for an order that was not placed
-- checked: payment.payment
-- pass: money
SELECT id, format('order %s, %s %s captured and not given back', paid_order, captured - refunded, currency) AS what
WHERE captured > refunded AND placed_at IS NULL AND NOT busy;

-- part: no order was paid by two payments
-- checked: payment.payment
-- pass: money
-- Of two payments one at least is extra.
SELECT paid_order AS id, format('payment %s took money, and so did another one', id) AS what
WHERE extra AND captured > refunded
  AND EXISTS (SELECT 1 FROM payment.payment AS q WHERE q.order_id = money.paid_order AND q.id <> money.id AND q.captured > q.refunded);

-- part: the order and its payment agree on what was captured and refunded
-- checked: cart.sales_order
-- pass: money
SELECT order_id AS id, format('order: captured %s, refunded %s; payment %s: captured %s, refunded %s',
                              order_captured, order_refunded, CASE WHEN extra THEN 'missing' ELSE coalesce(id, 'missing') END, captured, refunded) AS what
WHERE placed_at IS NOT NULL AND (payment_id <> '' OR due > 0 OR order_captured > 0) AND NOT busy
  AND CASE WHEN id IS NULL THEN true
           WHEN extra THEN NOT EXISTS (SELECT 1 FROM payment.payment AS q WHERE q.id = money.payment_id AND q.order_id = money.order_id)
           ELSE order_captured <> captured OR order_refunded <> refunded OR order_currency <> currency END;
