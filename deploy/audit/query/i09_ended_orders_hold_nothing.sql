-- invariant: I9
-- meaning: an order that failed or was cancelled keeps nothing: no stock, no gift card, no money, no use of a coupon

-- part: no stock
-- checked: cart.sales_order
SELECT o.id, format('reservation %s is %s with %s open units', r.id, r.state, coalesce(sum(a.quantity - a.shipped - a.released), 0)) AS what
FROM cart.sales_order AS o
JOIN inventory.reservation AS r ON r.order_id = o.id AND r.state IN ('held', 'committed')
LEFT JOIN inventory.allocation AS a ON a.reservation_id = r.id
WHERE o.status IN ('failed', 'cancelled')
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = o.id AND s.state IN ('running', 'waiting', 'compensating'))
GROUP BY o.id, r.id, r.state
HAVING r.state = 'held' OR sum(a.quantity - a.shipped - a.released) <> 0;

-- part: no gift card
-- checked: cart.sales_order
-- pass: money
SELECT order_id AS id, open_holds AS what
WHERE status IN ('failed', 'cancelled') AND open_holds IS NOT NULL AND NOT busy;

-- part: no authorization for longer than 10 minutes, no money
-- checked: cart.sales_order
-- pass: money
SELECT order_id AS id, format('payment %s: authorized %s, captured %s, voided %s, refunded %s', id, authorized, captured, voided, refunded) AS what
WHERE status IN ('failed', 'cancelled') AND NOT busy
  AND (captured <> refunded OR (authorized > captured + voided AND updated_at < now() - interval '10 minutes'));

-- part: no use of a promotion
-- checked: cart.sales_order
SELECT o.id, format('its use of %s promotions is %s', count(*), u.state) AS what
FROM cart.sales_order AS o
JOIN pricing.order_use AS u ON u.order_id = o.id
JOIN pricing.promotion_use AS e ON e.order_id = u.order_id AND e.counting
WHERE o.status IN ('failed', 'cancelled')
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = o.id AND s.state IN ('running', 'waiting', 'compensating'))
GROUP BY o.id, u.state;
