-- invariant: I17
-- meaning: no promotion and no code is used more often than its limits allow, by anybody

-- part: the counter of a promotion counts its uses, within the limit
-- checked: pricing.promotion_counter
SELECT p.key AS id, format('limit %s, counted %s, used %s', c.limit_total, c.used, coalesce(u.uses, 0)) AS what
FROM pricing.promotion_counter AS c
JOIN pricing.promotion AS p ON p.id = c.promotion_id
LEFT JOIN (SELECT promotion_id, count(*) AS uses FROM pricing.promotion_use WHERE counting GROUP BY promotion_id) AS u ON u.promotion_id = c.promotion_id
WHERE c.used <> coalesce(u.uses, 0) OR c.used > c.limit_total;

-- part: a customer's counter counts their uses, within the limit
-- checked: pricing.promotion_customer
SELECT p.key || ' ' || coalesce(c.customer_key, u.customer_key) AS id,
       format('limit %s, counted %s, used %s', p.limit_per_customer, coalesce(c.used, 0), coalesce(u.uses, 0)) AS what
FROM (SELECT promotion_id, customer_key, used FROM pricing.promotion_customer WHERE used > 0) AS c
FULL JOIN (
    SELECT e.promotion_id, e.customer_key, count(*) AS uses
    FROM pricing.promotion_use AS e
    JOIN pricing.promotion AS limited ON limited.id = e.promotion_id AND limited.limit_per_customer > 0
    WHERE e.counting
    GROUP BY e.promotion_id, e.customer_key
) AS u ON u.promotion_id = c.promotion_id AND u.customer_key = c.customer_key
JOIN pricing.promotion AS p ON p.id = coalesce(c.promotion_id, u.promotion_id)
WHERE p.limit_per_customer > 0 AND coalesce(c.used, 0) <> coalesce(u.uses, 0);

-- part: a code's counter counts its uses, within the limit
-- checked: pricing.coupon_code
SELECT c.code AS id, format('limit %s, counted %s, used %s', c.max_uses, c.used, coalesce(u.uses, 0)) AS what
FROM pricing.coupon_code AS c
LEFT JOIN (SELECT code, count(*) AS uses FROM pricing.promotion_use WHERE counting AND code IS NOT NULL GROUP BY code) AS u ON u.code = c.code
WHERE c.max_uses > 0 AND (c.used <> coalesce(u.uses, 0) OR c.used > c.max_uses);

-- part: a use counts while its order holds it, and only then
-- checked: pricing.promotion_use
SELECT u.order_id AS id, format('the order''s use is %s, its promotion counts: %s', o.state, u.counting) AS what
FROM pricing.promotion_use AS u
JOIN pricing.order_use AS o ON o.order_id = u.order_id
WHERE u.counting <> (o.state IN ('reserved', 'redeemed'));
