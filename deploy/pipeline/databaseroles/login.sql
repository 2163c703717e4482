-- A second login of a role: it acts as the role and has its settings. Runs again, and takes over settings that changed.
DO $$
DECLARE
    setting text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{login}') THEN
        CREATE ROLE {login} LOGIN;
    END IF;
    GRANT {role} TO {login};
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO {login}', current_database());
    FOR setting IN
        SELECT unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
        WHERE r.rolname = '{role}' AND s.setdatabase = 0
    LOOP
        BEGIN
            -- set_config takes lists such as search_path as they are kept; ALTER ROLE takes them from the session.
            PERFORM set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true);
            EXECUTE format('ALTER ROLE {login} SET %I FROM CURRENT', split_part(setting, '=', 1));
        EXCEPTION WHEN insufficient_privilege THEN NULL; -- set for the whole server instead
        END;
    END LOOP;
    ALTER ROLE {login} SET role = '{role}';
END $$;
