-- One row for each event that ingest accepted. The id is a uuid v7 of the millisecond of received_at, so an id alone
-- finds its month. No foreign key to orders: both rows are written by one transaction, and months are dropped whole.
CREATE TABLE webhooks (
    received_at timestamptz NOT NULL,
    id uuid NOT NULL,
    source text NOT NULL,
    provider text NOT NULL,
    account text,
    dedup_key text NOT NULL,
    body_sha256 bytea NOT NULL,
    native_type text NOT NULL,
    order_id uuid,
    state text NOT NULL,
    verdict text,
    reason text,
    attempts smallint NOT NULL,
    correlation_id text NOT NULL,
    trace_id text,
    committed_at timestamptz,
    processing_ms bigint,
    due_at timestamptz,
    last_error text,
    body bytea NOT NULL,
    body_encoding text NOT NULL,
    headers jsonb NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (received_at, id),
    CONSTRAINT webhooks_state_is_known CHECK (state IN ('retrying', 'final')),
    CONSTRAINT webhooks_verdict_is_known
        CHECK (verdict IN ('applied', 'no_change', 'duplicate', 'conflict', 'ignored', 'dead')),
    CONSTRAINT webhooks_retrying_have_no_verdict CHECK ((state = 'retrying') = (verdict IS NULL)),
    CONSTRAINT webhooks_retrying_are_due CHECK ((state = 'retrying') = (due_at IS NOT NULL)),
    CONSTRAINT webhooks_final_are_committed CHECK ((state = 'final') = (committed_at IS NOT NULL)),
    CONSTRAINT webhooks_final_have_a_reason CHECK (state <> 'final' OR reason IS NOT NULL),
    CONSTRAINT webhooks_dead_have_an_error CHECK (verdict <> 'dead' OR last_error IS NOT NULL),
    CONSTRAINT webhooks_applied_have_an_order
        CHECK (verdict NOT IN ('applied', 'no_change') OR order_id IS NOT NULL),
    CONSTRAINT webhooks_attempts_are_counted CHECK (attempts >= 0),
    CONSTRAINT webhooks_processing_takes_time CHECK (processing_ms >= 0),
    CONSTRAINT webhooks_body_sha256_is_a_hash CHECK (octet_length(body_sha256) = 32),
    CONSTRAINT webhooks_body_encoding_is_known CHECK (body_encoding IN ('utf8', 'base64'))
) PARTITION BY RANGE (received_at);

-- Few rows at any time: how many retries are overdue, and whether a month may go.
CREATE INDEX webhooks_retrying ON webhooks (due_at) WHERE state = 'retrying';

-- Catches what no month was made for; making the month moves it there.
CREATE TABLE webhooks_default PARTITION OF webhooks DEFAULT;

-- Makes the partition of a month, if it is not there. Attaching an existing table locks out nobody who writes to other
-- months, which CREATE TABLE … PARTITION OF would.
CREATE FUNCTION waybill_make_webhooks_month(month date) RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    name text := 'webhooks_' || to_char(month, 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('waybill partitions', 0));
    IF to_regclass(format('public.%I', name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.webhooks INCLUDING ALL)', name);
    -- Lets ATTACH trust the rows without reading them.
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT bounds CHECK (received_at >= %L AND received_at < %L)',
                   name, first, after);
    EXECUTE format('WITH moved AS (DELETE FROM public.webhooks_default WHERE received_at >= %L AND received_at < %L'
                   || ' RETURNING *) INSERT INTO public.%I SELECT * FROM moved', first, after, name);
    EXECUTE format('ALTER TABLE public.webhooks ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   name, first, after);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT bounds', name);
    RETURN true;
END;
$$;

-- Drops the months that lie wholly before a time and hold nothing that is retrying or dead. Returns their names.
CREATE FUNCTION waybill_drop_webhooks_before(cut timestamptz) RETURNS SETOF text
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

REVOKE ALL ON FUNCTION waybill_make_webhooks_month(date), waybill_drop_webhooks_before(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION waybill_make_webhooks_month(date), waybill_drop_webhooks_before(timestamptz) TO waybill_app;
GRANT SELECT, INSERT, UPDATE ON webhooks TO waybill_app;
-- So that `waybill doctor` can tell whether a month was missing.
GRANT SELECT ON webhooks_default TO waybill_app;
