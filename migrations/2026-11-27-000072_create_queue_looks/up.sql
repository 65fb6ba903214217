-- How much waits in the broker, as workers see it every few seconds: for a console that reaches the database and neither
-- broker nor Redis. A row for each worker and shard.
CREATE TABLE queue_looks (
    worker uuid NOT NULL,
    shard integer NOT NULL,
    -- Messages that no worker holds.
    ready bigint NOT NULL,
    -- Of the oldest message in this worker's hand, from whatever shard it came.
    oldest_age_ms bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT queue_looks_pkey PRIMARY KEY (worker, shard),
    CONSTRAINT queue_looks_shards_are_counted CHECK (shard >= 0),
    CONSTRAINT queue_looks_ready_are_counted CHECK (ready >= 0),
    CONSTRAINT queue_looks_ages_are_past CHECK (oldest_age_ms >= 0)
);

-- Deleted are those of workers that are gone.
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_looks TO waybill_app;
