-- The auditor's role: it reads every schema of the shop and can write nothing. Run it as an administrator of the database, after
-- the services' roles and schemas were made; it runs again without effect. Then give the role a password:
--     ALTER ROLE auditor PASSWORD '...';
-- Tables that migrations make later can be read too.
DO $$
DECLARE
    service text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'auditor') THEN
        CREATE ROLE auditor LOGIN;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO auditor', current_database());
    FOREACH service IN ARRAY ARRAY['product', 'pricing', 'inventory', 'payment', 'cart'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO auditor', service);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO auditor', service);
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO auditor', service || '_owner', service);
    END LOOP;
END $$;

-- The grants are what keeps it from writing; these are a second lock, and limits for the whole of an audit.
ALTER ROLE auditor SET default_transaction_read_only = on;
ALTER ROLE auditor SET statement_timeout = '10min';
ALTER ROLE auditor SET lock_timeout = '3s';
ALTER ROLE auditor SET idle_in_transaction_session_timeout = '15min';
