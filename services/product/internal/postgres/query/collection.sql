-- name: GetCollection :one
SELECT c.id, c.handle, c.name, c.description_html, c.translations, c.version, c.created_at, c.updated_at,
    (SELECT count(*) FROM collection_product cp WHERE cp.collection_id = c.id)::int AS product_count
FROM collection c
WHERE c.id = $1;

-- name: GetCollectionByHandle :one
SELECT c.id, c.handle, c.name, c.description_html, c.translations, c.version, c.created_at, c.updated_at,
    (SELECT count(*) FROM collection_product cp WHERE cp.collection_id = c.id)::int AS product_count
FROM collection c
WHERE c.handle = $1;

-- name: LockCollection :one
SELECT c.id, c.handle, c.name, c.description_html, c.translations, c.version, c.created_at, c.updated_at,
    (SELECT count(*) FROM collection_product cp WHERE cp.collection_id = c.id)::int AS product_count
FROM collection c
WHERE c.id = $1
FOR UPDATE OF c;

-- name: ListCollections :many
SELECT c.id, c.handle, c.name, c.description_html, c.translations, c.version, c.created_at, c.updated_at,
    (SELECT count(*) FROM collection_product cp WHERE cp.collection_id = c.id)::int AS product_count
FROM collection c
WHERE c.handle > @after::text
ORDER BY c.handle
LIMIT @max_rows;

-- name: InsertCollection :exec
INSERT INTO collection (id, handle, name, description_html, translations, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: UpdateCollection :exec
UPDATE collection
SET handle = $2, name = $3, description_html = $4, translations = $5, version = $6, updated_at = $7
WHERE id = $1;

-- name: DeleteCollection :exec
DELETE FROM collection WHERE id = $1;

-- name: ClearCollection :exec
DELETE FROM collection_product WHERE collection_id = $1;

-- name: FillCollection :exec
INSERT INTO collection_product (collection_id, position, product_id)
SELECT @collection_id::uuid, t.ordinality::int, t.product_id
FROM unnest(@product_ids::uuid[]) WITH ORDINALITY AS t (product_id, ordinality);
