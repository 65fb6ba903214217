-- How many 202s each replica of ingest answered, so that what was accepted can be compared with what is accounted for.
CREATE TABLE accepted_counts (
    source text NOT NULL,
    minute timestamptz NOT NULL,
    replica text NOT NULL,
    accepted bigint NOT NULL,
    CONSTRAINT accepted_counts_pkey PRIMARY KEY (source, minute, replica),
    CONSTRAINT accepted_counts_minute_is_whole CHECK (date_trunc('minute', minute, 'UTC') = minute),
    CONSTRAINT accepted_counts_are_counted CHECK (accepted >= 0)
);

GRANT SELECT, INSERT, UPDATE ON accepted_counts TO waybill_app;
