-- name: CountryTaxRates :many
-- Rates of a country that are or will be in force; 5,000 is far above what any country has.
SELECT id, country, region, postcode_pattern, tax_class, rate_ppm, name, valid_from, valid_until, source, version, updated_at
FROM tax_rate
WHERE country = @country AND (valid_until IS NULL OR valid_until > @since::date)
ORDER BY region, postcode_pattern, tax_class, valid_from, id
LIMIT 5000;

-- name: ListTaxRates :many
SELECT id, country, region, postcode_pattern, tax_class, rate_ppm, name, valid_from, valid_until, source, version, updated_at
FROM tax_rate
WHERE (@country::text = '' OR country = @country) AND (@region::text = '' OR region = @region)
    AND (@tax_class::text = '' OR tax_class = @tax_class)
    AND (sqlc.narg(on_day)::date IS NULL OR (valid_from <= sqlc.narg(on_day) AND (valid_until IS NULL OR valid_until > sqlc.narg(on_day))))
    AND (country, region, postcode_pattern, tax_class, valid_from, id) >
        (@after_country::text, @after_region::text, @after_postcode::text, @after_class::text, @after_from::date, @after_id::uuid)
ORDER BY country, region, postcode_pattern, tax_class, valid_from, id
LIMIT @page;

-- name: SetTaxRate :one
INSERT INTO tax_rate AS rate (id, country, region, postcode_pattern, tax_class, rate_ppm, name, valid_from, valid_until, source)
VALUES (@id, @country, @region, @postcode_pattern, @tax_class, @rate_ppm, @name, @valid_from, sqlc.narg(valid_until), 'merchant')
ON CONFLICT (country, region, postcode_pattern, tax_class, valid_from, (source = 'merchant')) DO UPDATE
SET rate_ppm = excluded.rate_ppm, name = excluded.name, valid_until = excluded.valid_until, version = rate.version + 1, updated_at = now()
WHERE @version::bigint = 0 OR rate.version = @version
RETURNING id, country, region, postcode_pattern, tax_class, rate_ppm, name, valid_from, valid_until, source, version, updated_at;

-- name: GetTaxRate :one
SELECT country, source FROM tax_rate WHERE id = @id;

-- name: DeleteMerchantTaxRate :execrows
DELETE FROM tax_rate WHERE id = @id AND source = 'merchant';

-- name: ListTaxClasses :many
SELECT DISTINCT tax_class FROM tax_rate ORDER BY tax_class LIMIT 500;
