-- name: GetProduct :one
SELECT id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes, translations, created_at,
    updated_at, variants, publications, category_ids, ancestor_ids
FROM product_whole
WHERE id = $1;

-- name: GetProductByHandle :one
SELECT id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes, translations, created_at,
    updated_at, variants, publications, category_ids, ancestor_ids
FROM product_whole
WHERE handle = $1;

-- name: GetProducts :many
SELECT id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes, translations, created_at,
    updated_at, variants, publications, category_ids, ancestor_ids
FROM product_whole
WHERE id = ANY (@ids::uuid[])
LIMIT 1000;

-- name: GetProductsByHandle :many
SELECT id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes, translations, created_at,
    updated_at, variants, publications, category_ids, ancestor_ids
FROM product_whole
WHERE handle = ANY (@handles::text[])
LIMIT 1000;

-- name: GetProductsAfter :many
SELECT id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes, translations, created_at,
    updated_at, variants, publications, category_ids, ancestor_ids
FROM product_whole
WHERE id > @after::uuid
ORDER BY id
LIMIT @max_rows;

-- name: LockProducts :many
SELECT id FROM product WHERE id = ANY (@ids::uuid[]) ORDER BY id LIMIT 1000 FOR UPDATE;

-- name: HandlesLike :many
SELECT handle FROM product
WHERE handle = @base::text OR (handle > @base::text || '-' AND handle < @base::text || '.')
ORDER BY handle
LIMIT 100000;

-- name: SKUOwners :many
SELECT sku, product_id FROM variant WHERE sku = ANY (@skus::text[]) LIMIT 100000;

-- name: InsertProduct :batchexec
INSERT INTO product (id, version, handle, title, description_html, vendor, product_type, options, media, tags, attributes,
    translations, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: UpdateProduct :batchexec
UPDATE product
SET version = $2, handle = $3, title = $4, description_html = $5, vendor = $6, product_type = $7, options = $8, media = $9,
    tags = $10, attributes = $11, translations = $12, updated_at = $13
WHERE id = $1;

-- name: DeleteProduct :exec
DELETE FROM product WHERE id = $1;

-- name: DeleteOtherVariants :batchexec
DELETE FROM variant WHERE product_id = @product_id AND NOT (sku = ANY (@skus::text[]));

-- name: UpsertVariant :batchexec
-- A SKU that another product took in the meantime is no conflict to update: the caller sees that no row came of it.
INSERT INTO variant (sku, product_id, position, option_values, barcode, weight_grams, requires_shipping, tax_class, image_url,
    image_alt)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (sku) DO UPDATE
SET position = excluded.position, option_values = excluded.option_values, barcode = excluded.barcode,
    weight_grams = excluded.weight_grams, requires_shipping = excluded.requires_shipping, tax_class = excluded.tax_class,
    image_url = excluded.image_url, image_alt = excluded.image_alt
WHERE variant.product_id = excluded.product_id;

-- name: CountVariants :one
SELECT count(*)::int FROM variant WHERE product_id = ANY (@product_ids::uuid[]);

-- name: ClearCategories :batchexec
DELETE FROM product_category WHERE product_id = @product_id AND NOT (category_id = ANY (@category_ids::uuid[]));

-- name: SetCategories :batchexec
INSERT INTO product_category (product_id, category_id)
SELECT @product_id::uuid, unnest(@category_ids::uuid[])
ON CONFLICT DO NOTHING;

-- name: SetPublication :batchexec
INSERT INTO publication (product_id, channel_key, status, published_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (product_id, channel_key) DO UPDATE SET status = excluded.status, published_at = excluded.published_at;
