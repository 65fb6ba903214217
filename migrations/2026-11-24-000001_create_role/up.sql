-- What services become, whatever they connect as. Roles belong to the whole cluster, so several databases may make it
-- at the same moment: whoever comes second finds it made. The role stays when this is undone; others may use it.
DO $$
DECLARE
    tries integer := 0;
BEGIN
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'waybill_app') THEN
                CREATE ROLE waybill_app NOLOGIN;
            END IF;
            IF NOT pg_has_role(current_user, 'waybill_app', 'MEMBER') THEN
                EXECUTE format('GRANT waybill_app TO %I', current_user);
            END IF;
            EXIT;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            -- «tuple concurrently updated»: the same grant in another database.
            WHEN internal_error THEN
                IF tries >= 20 THEN RAISE; END IF;
        END;
        tries := tries + 1;
        PERFORM pg_sleep(0.01 * tries);
    END LOOP;
END;
$$;

GRANT USAGE ON SCHEMA public TO waybill_app;
GRANT SELECT ON __diesel_schema_migrations TO waybill_app;

-- For the triggers of tables whose rows stand for ever.
CREATE FUNCTION waybill_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END;
$$;
