-- invariant: I18
-- meaning: lines, less discounts, plus delivery and tax are the total, which is what was quoted and what the provider was asked for

-- part: the parts of every order add up to its total
-- checked: cart.sales_order
-- pass: content
SELECT order_id AS id, format('total %s %s; lines %s + delivery %s; subtotal %s - discounts %s + delivery %s + tax %s (contained: %s)',
                              total, currency, lines_total, shipping_total, said_subtotal, said_discount, said_shipping, said_tax, inclusive) AS what
WHERE lines IS NOT NULL AND (total IS DISTINCT FROM said_total OR total <> lines_total + shipping_total
   OR said_total <> said_subtotal - said_discount + said_shipping + CASE WHEN inclusive THEN 0 ELSE said_tax END
   OR subtotal <> said_subtotal OR discount <> said_discount OR tax + shipping_tax <> said_tax);

-- part: every line is its price, less its discount, plus its tax
-- checked: cart.order_line
SELECT l.order_id AS id, format('line %s: %s x %s = %s - %s + %s gives %s', l.id, l.quantity, l.sold ->> 'unit_price', l.subtotal, l.discount, l.tax, l.total) AS what
FROM cart.order_line AS l
WHERE l.subtotal <> l.quantity * (l.sold -> 'unit_price')::bigint OR l.total NOT IN (l.subtotal - l.discount, l.subtotal - l.discount + l.tax);

-- part: every order has its lines
-- checked: cart.sales_order
-- pass: content
SELECT order_id AS id, format('%s lines sold, %s stored', line_count, coalesce(lines, 0)) AS what
WHERE line_count <> coalesce(lines, 0);

-- part: the provider was asked for what is due
-- checked: payment.payment
-- pass: money
SELECT id, format('order %s: due %s %s, payment of %s %s', order_id, due, order_currency, amount, currency) AS what
WHERE NOT extra AND amount > 0 AND (amount <> due OR currency <> order_currency OR asked <> amount);
