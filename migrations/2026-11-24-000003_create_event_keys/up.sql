-- The memory that deduplicates. It outlives the raw bodies. Partitioned by hash, never by time: a unique key cannot
-- span partitions of another column. No foreign keys: webhooks go by the month, orders are never deleted.
CREATE TABLE event_keys (
    key bytea NOT NULL,
    source text NOT NULL,
    dedup_key text NOT NULL,
    body_sha256 bytea NOT NULL,
    webhook_id uuid NOT NULL,
    order_id uuid,
    CONSTRAINT event_keys_pkey PRIMARY KEY (key),
    CONSTRAINT event_keys_key_is_half_a_hash CHECK (octet_length(key) = 16),
    CONSTRAINT event_keys_body_sha256_is_a_hash CHECK (octet_length(body_sha256) = 32)
) PARTITION BY HASH (key);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE event_keys_%s PARTITION OF event_keys FOR VALUES WITH (MODULUS 8, REMAINDER %s)',
                       part, part);
    END LOOP;
END;
$$;

GRANT SELECT, INSERT ON event_keys TO waybill_app;
