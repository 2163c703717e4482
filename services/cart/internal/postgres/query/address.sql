-- name: InsertAddress :one
INSERT INTO saved_address (id, customer_id, label, address, default_shipping, default_billing)
VALUES (@id, @customer_id, @label, @address, @default_shipping, @default_billing)
RETURNING version, created_at, updated_at;

-- name: CountAddresses :one
SELECT count(*) FROM saved_address WHERE customer_id = @customer_id;

-- name: LockAddresses :exec
SELECT pg_advisory_xact_lock(hashtextextended(@customer_id::text, 11));

-- name: ClearDefaultAddresses :exec
UPDATE saved_address
SET default_shipping = default_shipping AND NOT @shipping::boolean, default_billing = default_billing AND NOT @billing::boolean,
    version = version + 1, updated_at = now()
WHERE customer_id = @customer_id AND id <> @except_id AND ((default_shipping AND @shipping) OR (default_billing AND @billing));

-- name: UpdateAddress :one
UPDATE saved_address
SET label = @label, address = @address, default_shipping = @default_shipping, default_billing = @default_billing,
    version = version + 1, updated_at = now()
WHERE id = @id AND customer_id = @customer_id AND (@version::bigint = 0 OR version = @version)
RETURNING version, created_at, updated_at;

-- name: AddressExists :one
SELECT EXISTS (SELECT 1 FROM saved_address WHERE id = @id AND customer_id = @customer_id);

-- name: ListAddresses :many
SELECT id, customer_id, label, address, default_shipping, default_billing, version, created_at, updated_at
FROM saved_address
WHERE customer_id = @customer_id AND id > @after
ORDER BY id
LIMIT @page;

-- name: DeleteAddress :execrows
DELETE FROM saved_address WHERE id = @id AND customer_id = @customer_id;
