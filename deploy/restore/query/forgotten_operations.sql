-- Which of these operations, as the provider knows them, the books do not have.
SELECT k.id FROM unnest($1::text[]) AS k (id) LEFT JOIN operation AS o ON o.id = k.id WHERE o.id IS NULL
