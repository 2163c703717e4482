-- name: UpsertPurchaseLimit :one
INSERT INTO purchase_limit (sku, quantity, window_days)
VALUES (@sku, @quantity, @window_days)
ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity, window_days = excluded.window_days, updated_at = now()
RETURNING sku, quantity, window_days, updated_at;

-- name: GetPurchaseLimit :one
SELECT sku, quantity, window_days, updated_at FROM purchase_limit WHERE sku = @sku;
