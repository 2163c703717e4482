-- invariant: I7
-- meaning: payments and gift cards together never took more than the order costs

-- part: captured and spent from gift cards is at most the total
-- checked: cart.sales_order
SELECT o.id, format('total %s %s, captured %s, from gift cards %s', o.total, o.currency, coalesce(p.captured, 0), coalesce(g.posted, 0)) AS what
FROM cart.sales_order AS o
LEFT JOIN (SELECT order_id, sum(captured) AS captured FROM payment.payment WHERE captured > 0 GROUP BY order_id) AS p ON p.order_id = o.id
LEFT JOIN (SELECT order_id, sum(posted) AS posted FROM payment.gift_card_hold WHERE posted > 0 GROUP BY order_id) AS g ON g.order_id = o.id
WHERE coalesce(p.captured, 0) + coalesce(g.posted, 0) > o.total;
