-- invariant: I18
-- meaning: lines, less discounts, plus delivery and tax are the total, which is what was quoted and what the provider was asked for

-- part: the parts of every order add up to its total
-- checked: cart.sales_order
WITH lines AS (
    SELECT order_id, sum(subtotal) AS subtotal, sum(discount) AS discount, sum(tax) AS tax, sum(total) AS total
    FROM cart.order_line
    GROUP BY order_id
), orders AS (
    -- OFFSET 0: each part of a snapshot is taken out of it once.
    SELECT o.id, o.total, o.currency, o.inclusive, l.subtotal, l.discount, l.tax, l.total AS lines_total,
           (o.totals -> 'subtotal')::bigint AS said_subtotal, (o.totals -> 'discount')::bigint AS said_discount,
           (o.totals -> 'shipping')::bigint AS said_shipping, (o.totals -> 'tax')::bigint AS said_tax, (o.totals -> 'total')::bigint AS said_total,
           coalesce((o.shipping -> 'total')::bigint, 0) AS shipping_total, coalesce((o.shipping -> 'tax')::bigint, 0) AS shipping_tax
    FROM (
        SELECT id, total, currency, snapshot -> 'totals' AS totals, snapshot -> 'shipping' AS shipping, (snapshot -> 'prices_include_tax')::boolean AS inclusive
        FROM cart.sales_order
        OFFSET 0
    ) AS o
    JOIN lines AS l ON l.order_id = o.id
)
SELECT id, format('total %s %s; lines %s + delivery %s; subtotal %s - discounts %s + delivery %s + tax %s (contained: %s)',
                  total, currency, lines_total, shipping_total, said_subtotal, said_discount, said_shipping, said_tax, inclusive) AS what
FROM orders
WHERE total IS DISTINCT FROM said_total OR total <> lines_total + shipping_total
   OR said_total <> said_subtotal - said_discount + said_shipping + CASE WHEN inclusive THEN 0 ELSE said_tax END
   OR subtotal <> said_subtotal OR discount <> said_discount OR tax + shipping_tax <> said_tax;

-- part: every line is its price, less its discount, plus its tax
-- checked: cart.order_line
SELECT l.order_id AS id, format('line %s: %s x %s = %s - %s + %s gives %s', l.id, l.quantity, l.sold ->> 'unit_price', l.subtotal, l.discount, l.tax, l.total) AS what
FROM cart.order_line AS l
WHERE l.subtotal <> l.quantity * (l.sold -> 'unit_price')::bigint OR l.total NOT IN (l.subtotal - l.discount, l.subtotal - l.discount + l.tax);

-- part: every order has its lines
-- checked: cart.sales_order
SELECT o.id, format('%s lines sold, %s stored', o.line_count, coalesce(l.lines, 0)) AS what
FROM cart.sales_order AS o
LEFT JOIN (SELECT order_id, count(*) AS lines FROM cart.order_line GROUP BY order_id) AS l ON l.order_id = o.id
WHERE o.line_count <> coalesce(l.lines, 0);

-- part: the provider was asked for what is due
-- checked: payment.payment
SELECT p.id, format('order %s: due %s %s, payment of %s %s', o.id, o.due, o.currency, p.amount, p.currency) AS what
FROM payment.payment AS p
JOIN cart.sales_order AS o ON o.payment_id = p.id
LEFT JOIN (SELECT payment_id, max(amount) AS asked FROM payment.operation WHERE kind = 'authorize' GROUP BY payment_id) AS a ON a.payment_id = p.id
WHERE p.amount > 0 AND (p.amount <> o.due OR p.currency <> o.currency OR a.asked <> p.amount);
