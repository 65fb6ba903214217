-- What was confirmed only after its sender had been told 503: it is on its way like what was accepted.
ALTER TABLE accepted_counts
    ADD COLUMN recovered bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT accepted_counts_recovered_are_counted CHECK (recovered >= 0);

-- For the minutes of a range, whatever their sources.
CREATE INDEX accepted_counts_minute ON accepted_counts (minute);

-- As before; and the counts of a month go with its rows, or all of them would seem to be lost.
CREATE OR REPLACE FUNCTION waybill_drop_webhooks_before(cut timestamptz) RETURNS SETOF text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    name text;
    first timestamptz;
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
            first := to_date(right(name, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC';
            DELETE FROM public.accepted_counts WHERE minute >= first AND minute < first + interval '1 month';
            RETURN NEXT name;
        END IF;
    END LOOP;
END;
$$;
