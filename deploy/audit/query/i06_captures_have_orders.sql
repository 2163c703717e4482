-- invariant: I6
-- meaning: money that was taken belongs to exactly one placed order, which knows of it

-- part: no payment was captured for an order that was not placed
-- checked: payment.payment
SELECT p.id, format('order %s, %s %s captured and not given back', p.order_id, p.captured - p.refunded, p.currency) AS what
FROM payment.payment AS p
LEFT JOIN cart.sales_order AS o ON o.id = p.order_id
WHERE p.captured > p.refunded AND o.placed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = p.order_id AND s.state IN ('running', 'waiting', 'compensating'));

-- part: no order was paid by two payments
-- checked: payment.payment
SELECT order_id AS id, format('%s payments took money: %s', count(*), string_agg(id, ' ' ORDER BY id)) AS what
FROM payment.payment
WHERE captured > refunded
GROUP BY order_id
HAVING count(*) > 1;

-- part: the order and its payment agree on what was captured and refunded
-- checked: cart.sales_order
SELECT o.id, format('order: captured %s, refunded %s; payment %s: captured %s, refunded %s',
                    o.captured, o.refunded, coalesce(p.id, 'missing'), p.captured, p.refunded) AS what
FROM cart.sales_order AS o
LEFT JOIN payment.payment AS p ON p.id = o.payment_id AND p.order_id = o.id
WHERE o.placed_at IS NOT NULL AND (o.payment_id <> '' OR o.due > 0 OR o.captured > 0)
  AND (p.id IS NULL OR o.captured <> p.captured OR o.refunded <> p.refunded OR p.currency <> o.currency)
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = o.id AND s.state IN ('running', 'waiting', 'compensating'));
