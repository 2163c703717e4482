-- How an order came to be and what became of it: a row for every order with its history, its checkout and its cart, and one for every
-- bought cart that is not the cart of the order that it names.
SELECT o.id AS order_id, o.status, o.placed_at, o.number, o.cart_id AS named_cart,
       h.first, h.last, h.starts, h.started, h.turn, h.placings, h.placed, h.ends, h.failed, h.cancelled, h.later, h.refunded, h.lost,
       s.state AS checkout, c.id AS cart_id, c.state AS cart_state, c.order_id AS cart_order,
       b.order_id IS NOT NULL AS busy
FROM cart.sales_order AS o
LEFT JOIN (
    SELECT order_id, min(id) AS first, max(id) AS last,
           count(*) FILTER (WHERE step = 1) AS starts, min(id) FILTER (WHERE step = 1) AS started,
           max(id) FILTER (WHERE step = 2) AS turn,
           count(*) FILTER (WHERE step = 3) AS placings, min(id) FILTER (WHERE step = 3) AS placed,
           count(*) FILTER (WHERE step IN (4, 5)) AS ends,
           min(id) FILTER (WHERE step = 4) AS failed, min(id) FILTER (WHERE step = 5) AS cancelled,
           min(id) FILTER (WHERE step >= 6) AS later, bool_or(step = 7) AS refunded,
           max(id) FILTER (WHERE step = 8) AS lost
    FROM (
        SELECT order_id, id, CASE kind WHEN 'checkout.started' THEN 1 WHEN 'payment.requires_action' THEN 2 WHEN 'order.placed' THEN 3
                                  WHEN 'order.failed' THEN 4 WHEN 'order.cancelled' THEN 5 WHEN 'refund.succeeded' THEN 7
                                  WHEN 'payment.authorization_lost' THEN 8 ELSE 6 END AS step
        FROM cart.order_event
        OFFSET 0
    ) AS e
    GROUP BY order_id
) AS h ON h.order_id = o.id
LEFT JOIN cart.saga AS s ON s.id = o.id AND s.kind = 'checkout'
FULL JOIN (
    SELECT id, state, order_id FROM cart.cart WHERE state IN ('converted', 'checking_out')
) AS c ON c.order_id = o.id AND c.id = o.cart_id
LEFT JOIN (
    SELECT DISTINCT order_id FROM cart.saga WHERE state IN ('running', 'waiting', 'compensating')
) AS b ON b.order_id = coalesce(o.id, c.order_id)
