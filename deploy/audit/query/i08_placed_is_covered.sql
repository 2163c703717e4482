-- invariant: I8
-- meaning: no order was placed before its whole total was authorized, captured or held on gift cards

-- part: authorized and held on gift cards is at least the total
-- checked: cart.sales_order
-- pass: money
-- What one payment does not cover several may.
SELECT order_id AS id, format('total %s %s, authorized %s, held on gift cards %s', total, order_currency, coalesce(authorized, 0), held) AS what
WHERE placed_at IS NOT NULL AND CASE WHEN coalesce(authorized, 0) + held < total
    THEN held + (SELECT coalesce(sum(q.authorized), 0) FROM payment.payment AS q WHERE q.order_id = money.order_id) < total END;
