-- What was acknowledged to buyers: every placed order, with its content.
COPY (
    SELECT json_build_object('kind', 'order', 'id', o.id, 'amount', o.total, 'currency', o.currency,
               'hash', encode(sha256(convert_to(l.content, 'UTF8')), 'hex'))
    FROM cart.sales_order AS o
    JOIN (SELECT order_id, string_agg(sku || ' ' || quantity || E'\n', '' ORDER BY sku COLLATE "C") AS content FROM cart.order_line GROUP BY order_id) AS l ON l.order_id = o.id
    WHERE o.placed_at IS NOT NULL
    LIMIT {limit}
) TO STDOUT
