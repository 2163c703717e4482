-- invariant: I5
-- meaning: every unit of a placed order is promised by exactly one committed reservation, and nothing else is

-- part: order lines and committed reservations are the same units
-- checked: cart.sales_order
-- The content of an order or a reservation is a sum over SKUs, so that it does not depend on how units are split over places.
WITH promised AS (
    SELECT reservation_id, sum(quantity) AS units, sum(quantity * hashtext(sku)::bigint) AS content
    FROM inventory.allocation
    GROUP BY reservation_id
), committed AS (
    SELECT r.id::text AS id, r.order_id, coalesce(p.units, 0) AS units, coalesce(p.content, 0) AS content
    FROM inventory.reservation AS r
    LEFT JOIN promised AS p ON p.reservation_id = r.id
    WHERE r.state = 'committed'
), sold AS (
    SELECT order_id, sum(quantity) AS units, sum(quantity * hashtext(sku)::bigint) AS content
    FROM cart.order_line
    GROUP BY order_id
), placed AS (
    SELECT o.id, o.reservation_id, coalesce(s.units, 0) AS units, coalesce(s.content, 0) AS content
    FROM cart.sales_order AS o
    LEFT JOIN sold AS s ON s.order_id = o.id
    WHERE o.placed_at IS NOT NULL AND (o.reservation_id <> '' OR o.status <> 'cancelled')
)
SELECT coalesce(p.id, c.order_id) AS id,
       CASE WHEN p.id IS NULL THEN format('reservation %s is committed for no placed order', c.id)
            WHEN c.id IS NULL THEN 'no committed reservation'
            ELSE format('%s units sold, %s promised by reservation %s', p.units, c.units, c.id) END AS what
FROM placed AS p
FULL JOIN committed AS c ON c.id = p.reservation_id
WHERE (p.id IS NULL OR c.id IS NULL OR p.id <> c.order_id OR p.units <> c.units OR p.content <> c.content)
  AND NOT EXISTS (
      SELECT 1 FROM cart.saga AS s
      WHERE s.order_id = coalesce(p.id, c.order_id) AND s.state IN ('running', 'waiting', 'compensating')
  );
