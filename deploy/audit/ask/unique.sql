-- Whether the database itself keeps these columns of a table from having the same values twice: a valid unique index, over them or fewer
-- of them, none of which may be null, for all rows or those of a condition.
SELECT EXISTS (
    SELECT 1
    FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indisready
      AND coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), '') IN ('', '(' || $3::text || ')')
      AND i.indexprs IS NULL
      AND NOT EXISTS (
          SELECT 1
          FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k (attnum)
          LEFT JOIN pg_catalog.pg_attribute AS a
              ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull AND a.attname = ANY (pg_catalog.string_to_array($2::text, ', '))
          WHERE a.attname IS NULL
      )
);
