-- invariant: I8
-- meaning: no order was placed before its whole total was authorized, captured or held on gift cards

-- part: authorized and held on gift cards is at least the total
-- checked: cart.sales_order
SELECT o.id, format('total %s %s, authorized %s, held on gift cards %s', o.total, o.currency, coalesce(p.authorized, 0), coalesce(g.amount, 0)) AS what
FROM cart.sales_order AS o
LEFT JOIN (SELECT order_id, sum(authorized) AS authorized FROM payment.payment GROUP BY order_id) AS p ON p.order_id = o.id
LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM payment.gift_card_hold GROUP BY order_id) AS g ON g.order_id = o.id
WHERE o.placed_at IS NOT NULL AND coalesce(p.authorized, 0) + coalesce(g.amount, 0) < o.total;
