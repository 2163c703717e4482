-- invariant: I3
-- meaning: no SKU is ever promised beyond what is there

-- part: no customer has more of a SKU than its limit allowed when the last of it was reserved
-- checked: inventory.reservation WHERE customer_key IS NOT NULL
WITH has AS (
    SELECT p.sku, p.quantity, p.window_days, r.customer_key, r.created_at, a.quantity - a.released AS units,
           max(r.created_at) OVER (PARTITION BY r.customer_key, p.sku) AS latest
    FROM inventory.purchase_limit AS p
    JOIN inventory.allocation AS a ON a.sku = p.sku
    JOIN inventory.reservation AS r ON r.id = a.reservation_id
    WHERE p.quantity > 0 AND r.customer_key IS NOT NULL AND r.state IN ('held', 'committed')
      AND a.quantity > a.released AND r.created_at > p.updated_at + interval '1 minute'
)
SELECT sku || ' for ' || customer_key AS id, format('has %s, the limit is %s', sum(units), quantity) AS what
FROM has
WHERE window_days = 0 OR created_at > latest - make_interval(days => window_days)
GROUP BY sku, customer_key, quantity
HAVING sum(units) > quantity;
