-- name: GetCategory :one
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE id = $1;

-- name: GetCategoryByHandle :one
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE handle = $1;

-- name: GetCategoryChild :one
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE parent_id IS NOT DISTINCT FROM sqlc.narg(parent_id)::uuid AND name = @name
ORDER BY sort_path
LIMIT 1;

-- name: ListCategoriesUp :many
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE id IN (
    SELECT unnest(c.ancestor_ids || c.id) FROM category c WHERE c.id = ANY (@ids::uuid[])
)
ORDER BY sort_path
LIMIT 10000;

-- name: ListCategories :many
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE sort_path > @after::text
ORDER BY sort_path
LIMIT @max_rows;

-- name: ListCategoriesBelow :many
SELECT id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version, created_at,
    updated_at
FROM category
WHERE ancestor_ids @> ARRAY[@below::uuid] AND sort_path > @after::text
ORDER BY sort_path
LIMIT @max_rows;

-- name: InsertCategory :exec
INSERT INTO category (id, handle, name, description_html, parent_id, ancestor_ids, position, sort_path, translations, version,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: UpdateCategory :exec
UPDATE category
SET handle = $2, name = $3, description_html = $4, parent_id = $5, ancestor_ids = $6, position = $7, sort_path = $8,
    translations = $9, version = $10, updated_at = $11
WHERE id = $1;

-- name: MoveCategoriesBelow :exec
UPDATE category
SET ancestor_ids = array_cat(@new_ancestors::uuid[], ancestor_ids[array_position(ancestor_ids, @id::uuid):cardinality(ancestor_ids)]),
    sort_path = concat(@new_path::text, substr(sort_path, length(@old_path::text) + 1))
WHERE ancestor_ids @> ARRAY[@id::uuid];

-- name: CategoryBelow :one
SELECT coalesce(max(cardinality(c.ancestor_ids)) - (SELECT cardinality(p.ancestor_ids) FROM category p WHERE p.id = @id), 0)::int
FROM category c
WHERE c.ancestor_ids @> ARRAY[@id::uuid];

-- name: LeaveCategory :exec
WITH gone AS (
    DELETE FROM product_category WHERE category_id = $1 RETURNING product_id
)
UPDATE product SET version = version + 1, updated_at = now() WHERE id IN (SELECT product_id FROM gone);

-- name: DeleteCategory :exec
DELETE FROM category WHERE id = $1;
