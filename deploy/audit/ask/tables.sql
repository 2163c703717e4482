-- Every table of the shop with its columns that can hold text, and how large it is.
SELECT n.nspname, c.relname, pg_catalog.pg_table_size(c.oid)::bigint,
       array_agg(a.attname::text ORDER BY a.attnum), array_agg(t.typname = 'bytea' ORDER BY a.attnum)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
WHERE n.nspname IN ('product', 'pricing', 'inventory', 'payment', 'cart') AND c.relkind = 'r'
  AND t.typname IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea', '_text', '_varchar')
GROUP BY n.nspname, c.relname, c.oid
ORDER BY n.nspname, c.relname;
