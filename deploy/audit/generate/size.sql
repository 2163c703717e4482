-- How large the database is, for people.
SELECT pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(current_database()))
