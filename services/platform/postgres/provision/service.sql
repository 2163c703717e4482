-- One service's roles and schema; {service} is its name. Runs again without effect.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{service}_owner') THEN
        CREATE ROLE {service}_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{service}_app') THEN
        CREATE ROLE {service}_app LOGIN;
    END IF;
    -- An administrator that is no superuser may act for a role only as its member.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT {service}_owner TO %I', current_user);
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO {service}_owner, {service}_app', current_database());
END $$;

ALTER ROLE {service}_owner SET search_path = {service}, extensions;
ALTER ROLE {service}_owner SET statement_timeout = '15min';
ALTER ROLE {service}_owner SET lock_timeout = '3s';
ALTER ROLE {service}_owner SET idle_in_transaction_session_timeout = '60s';

ALTER ROLE {service}_app SET search_path = {service}, extensions;
ALTER ROLE {service}_app SET statement_timeout = '2s';
ALTER ROLE {service}_app SET lock_timeout = '1s';
ALTER ROLE {service}_app SET idle_in_transaction_session_timeout = '10s';

-- A deadlock must be found before the lock timeout hides it: only transactions that the server chose as the victim of a
-- deadlock are run again. An administrator who is no superuser sets this for the whole server instead.
DO $$ BEGIN
    ALTER ROLE {service}_app SET deadlock_timeout = '200ms';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;

CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {service}_owner;
GRANT USAGE ON SCHEMA {service} TO {service}_app;

-- Only what migrations create later: a grant on what exists would undo what a migration has revoked.
ALTER DEFAULT PRIVILEGES FOR ROLE {service}_owner IN SCHEMA {service}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service}_app;
ALTER DEFAULT PRIVILEGES FOR ROLE {service}_owner IN SCHEMA {service}
    GRANT USAGE, SELECT ON SEQUENCES TO {service}_app;
ALTER DEFAULT PRIVILEGES FOR ROLE {service}_owner
    REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE {service}_owner IN SCHEMA {service}
    GRANT EXECUTE ON FUNCTIONS TO {service}_app;
