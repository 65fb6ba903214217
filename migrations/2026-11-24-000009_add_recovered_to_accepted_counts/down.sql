CREATE OR REPLACE FUNCTION waybill_drop_webhooks_before(cut timestamptz) RETURNS SETOF text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    name text;
    busy boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill partitions', 0));
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.webhooks'::regclass AND c.relname ~ '^webhooks_\d{4}_\d{2}$'
          AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= cut AT TIME ZONE 'UTC'
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE state = ''retrying'' OR verdict = ''dead'')', name)
            INTO busy;
        IF NOT busy THEN
            EXECUTE format('DROP TABLE public.%I', name);
            RETURN NEXT name;
        END IF;
    END LOOP;
END;
$$;

DROP INDEX accepted_counts_minute;
ALTER TABLE accepted_counts DROP COLUMN recovered;
