DO $$
DECLARE
    part regclass;
BEGIN
    ALTER TABLE orders ALTER COLUMN facts SET COMPRESSION DEFAULT;
    ALTER TABLE order_events ALTER COLUMN effect SET COMPRESSION DEFAULT;
    ALTER TABLE dead_letters ALTER COLUMN message SET COMPRESSION DEFAULT;
    FOR part IN SELECT 'webhooks'::regclass UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = 'webhooks'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN body SET COMPRESSION DEFAULT', part);
        EXECUTE format('ALTER TABLE %s ALTER COLUMN headers SET COMPRESSION DEFAULT', part);
    END LOOP;
END;
$$;
