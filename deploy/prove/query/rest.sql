-- What is still under way and must come to an end within seconds of a crash, one row a kind: machines of cart, and operations
-- whose outcome at the provider is not known.
SELECT 'checkouts and operations of orders' AS what, count(*) AS n FROM cart.saga WHERE state NOT IN ('done', 'failed')
UNION ALL
SELECT 'operations in doubt', count(*) FROM payment.operation WHERE status NOT IN ('ok', 'failed')
UNION ALL
SELECT 'orders without an end', count(*) FROM cart.sales_order WHERE status IN ('pending', 'requires_action')
UNION ALL
SELECT 'stock held', count(*) FROM inventory.reservation WHERE state = 'held'
UNION ALL
SELECT 'gift cards held', count(*) FROM payment.gift_card_hold WHERE state = 'held'
