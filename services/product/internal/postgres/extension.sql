-- For sqlc only: the extension that provisioning installs.
CREATE EXTENSION pg_trgm;
