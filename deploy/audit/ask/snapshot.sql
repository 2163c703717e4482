-- The snapshot that the other connections of an audit read too, and its time.
SELECT pg_catalog.pg_export_snapshot(), now();
