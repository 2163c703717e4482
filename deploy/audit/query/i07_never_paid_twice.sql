-- invariant: I7
-- meaning: payments and gift cards together never took more than the order costs

-- part: captured and spent from gift cards is at most the total
-- checked: cart.sales_order
-- pass: money
-- Where there are several payments, one of them is extra, and is read with all others.
SELECT order_id AS id, format('total %s %s, captured %s, from gift cards %s', total, order_currency,
                              (SELECT coalesce(sum(q.captured), 0) FROM payment.payment AS q WHERE q.order_id = money.order_id), posted) AS what
WHERE posted + CASE WHEN extra THEN (SELECT sum(q.captured) FROM payment.payment AS q WHERE q.order_id = money.order_id) ELSE coalesce(captured, 0) END > total;
