-- invariant: I19
-- meaning: a cart becomes at most one order

-- part: no cart was bought twice
-- checked: cart.sales_order
SELECT cart_id AS id, format('%s orders: %s', count(*), string_agg(id, ' ' ORDER BY id)) AS what
FROM cart.sales_order
WHERE placed_at IS NOT NULL OR status IN ('pending', 'requires_action')
GROUP BY cart_id
HAVING count(*) > 1;

-- part: a bought cart and its order name each other
-- checked: cart.cart
SELECT c.id, format('cart is %s for order %s, which is %s of cart %s', c.state, c.order_id, coalesce(o.status, 'missing'), o.cart_id) AS what
FROM cart.cart AS c
LEFT JOIN cart.sales_order AS o ON o.id = c.order_id
WHERE (c.state = 'converted' AND (o.placed_at IS NULL OR o.cart_id <> c.id))
   OR (c.state = 'checking_out' AND (o.id IS NULL OR o.cart_id <> c.id OR NOT EXISTS (
       SELECT 1 FROM cart.saga AS s WHERE s.id = c.order_id AND s.state IN ('running', 'waiting', 'compensating'))));

-- part: the cart of every placed order is bought
-- checked: cart.sales_order
SELECT o.id, format('cart %s is %s', o.cart_id, coalesce(c.state, 'missing')) AS what
FROM cart.sales_order AS o
LEFT JOIN cart.cart AS c ON c.id = o.cart_id
WHERE o.placed_at IS NOT NULL AND (c.id IS NULL OR c.state <> 'converted' OR c.order_id <> o.id)
  AND NOT EXISTS (SELECT 1 FROM cart.saga AS s WHERE s.order_id = o.id AND s.state IN ('running', 'waiting', 'compensating'));
