-- invariant: I19
-- meaning: a cart becomes at most one order

-- part: no cart was bought twice
-- checked: cart.sales_order
-- unique: cart.sales_order (cart_id) WHERE status = ANY (ARRAY['pending'::text, 'requires_action'::text, 'placed'::text, 'completed'::text])
-- The index leaves out what was cancelled after the placing; a cart names one order, so the parts below find a second one.
SELECT cart_id AS id, format('%s orders: %s', count(*), string_agg(id, ' ' ORDER BY id)) AS what
FROM cart.sales_order
WHERE placed_at IS NOT NULL OR status IN ('pending', 'requires_action')
GROUP BY cart_id
HAVING count(*) > 1;

-- part: a bought cart and its order name each other
-- checked: cart.cart
-- pass: path
SELECT cart_id AS id, format('cart is %s for order %s, which is %s', cart_state, cart_order, coalesce(status, 'missing or of another cart')) AS what
WHERE (cart_state = 'converted' AND placed_at IS NULL)
   OR (cart_state = 'checking_out' AND coalesce(checkout, '') NOT IN ('running', 'waiting', 'compensating'));

-- part: the cart of every placed order is bought
-- checked: cart.sales_order
-- pass: path
SELECT order_id AS id, format('cart %s is %s', named_cart, coalesce(cart_state, 'not bought for it')) AS what
WHERE placed_at IS NOT NULL AND cart_state IS DISTINCT FROM 'converted' AND NOT busy;
