-- What we asked a provider for.
SELECT id, order_id, kind, status, amount, currency, created_at, updated_at FROM payment.operation WHERE provider = $1;
