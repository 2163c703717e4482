-- Indexes of the schema that a concurrent build left invalid and that no build is at work on: an administrator may be making one.
DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN
        SELECT i.indexrelid
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'i' AND NOT i.indisvalid
          AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = i.indexrelid)
    LOOP
        EXECUTE format('DROP INDEX %s', name);
    END LOOP;
END $$;
