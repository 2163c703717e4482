-- What an order is about and the stock that was promised to it: a row for every order with its lines and the committed reservation that
-- it names, and one for every committed reservation that no order names. The content of an order or a reservation is a sum over SKUs,
-- so that it does not depend on how units are split over places. OFFSET 0: each part of a snapshot, and each
-- amount of a part, is taken out once. Sums over float8 are exact for the integers that they get here, which stay below 2^53, and cost
-- half of what sums over bigint do, which count in 128 bits.
SELECT o.id AS order_id, o.status, o.placed_at, o.reservation_id, o.line_count, o.total, o.currency, o.inclusive,
       l.lines, l.units, l.content, l.subtotal, l.discount, l.tax, l.total AS lines_total,
       o.said_subtotal, o.said_discount, o.said_shipping, o.said_tax, o.said_total, o.shipping_total, o.shipping_tax,
       r.id AS reservation, r.order_id AS reserved_order, coalesce(r.units, 0) AS reserved_units, coalesce(r.content, 0) AS reserved_content,
       b.order_id IS NOT NULL AS busy
FROM (
    SELECT id, status, placed_at, reservation_id, line_count, total, currency, inclusive,
           (totals -> 'subtotal')::bigint AS said_subtotal, (totals -> 'discount')::bigint AS said_discount,
           (totals -> 'shipping')::bigint AS said_shipping, (totals -> 'tax')::bigint AS said_tax, (totals -> 'total')::bigint AS said_total,
           coalesce((shipping -> 'total')::bigint, 0) AS shipping_total, coalesce((shipping -> 'tax')::bigint, 0) AS shipping_tax
    FROM (
        SELECT id, status, placed_at, reservation_id, line_count, total, currency,
               snapshot -> 'totals' AS totals, snapshot -> 'shipping' AS shipping, (snapshot -> 'prices_include_tax')::boolean AS inclusive
        FROM cart.sales_order
        OFFSET 0
    ) AS taken
    OFFSET 0
) AS o
LEFT JOIN (
    SELECT order_id, count(*) AS lines, sum(quantity) AS units, sum(quantity * hashtext(sku)::float8)::bigint AS content,
           sum(subtotal::float8)::bigint AS subtotal, sum(discount::float8)::bigint AS discount, sum(tax::float8)::bigint AS tax, sum(total::float8)::bigint AS total
    FROM cart.order_line
    GROUP BY order_id
) AS l ON l.order_id = o.id
FULL JOIN (
    SELECT c.id::text AS id, c.order_id, a.units, a.content
    FROM inventory.reservation AS c
    LEFT JOIN (
        SELECT reservation_id, sum(quantity) AS units, sum(quantity * hashtext(sku)::float8)::bigint AS content
        FROM inventory.allocation
        GROUP BY reservation_id
    ) AS a ON a.reservation_id = c.id
    WHERE c.state = 'committed'
) AS r ON r.id = o.reservation_id
LEFT JOIN (
    SELECT DISTINCT order_id FROM cart.saga WHERE state IN ('running', 'waiting', 'compensating')
) AS b ON b.order_id = coalesce(o.id, r.order_id)
