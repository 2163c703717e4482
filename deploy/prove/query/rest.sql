-- What is still under way and must come to an end within seconds of a crash, one row a kind: machines of cart, and operations
-- whose outcome at the provider is not known.
SELECT 'checkouts and operations of orders' AS what, count(*) AS n FROM cart.saga WHERE state NOT IN ('done', 'failed')
UNION ALL
-- An authorization that was given up and that the bank has never seen is left out: nobody waits for it, and only after two minutes
-- is it certain that it cannot arrive any more.
SELECT 'operations in doubt', count(*)
FROM payment.operation AS o JOIN payment.payment AS p ON p.id = o.payment_id
WHERE o.status NOT IN ('ok', 'failed') AND NOT (p.void_requested AND o.kind = 'authorize' AND o.status IN ('sending', 'unknown') AND o.provider_reference = '')
UNION ALL
SELECT 'orders without an end', count(*) FROM cart.sales_order WHERE status IN ('pending', 'requires_action')
UNION ALL
SELECT 'stock held', count(*) FROM inventory.reservation WHERE state = 'held'
UNION ALL
SELECT 'gift cards held', count(*) FROM payment.gift_card_hold WHERE state = 'held'
