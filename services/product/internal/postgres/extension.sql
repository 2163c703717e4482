-- For sqlc only: the extensions that provisioning installs.
CREATE EXTENSION pg_trgm;
CREATE EXTENSION unaccent;
