-- The audit trail. Every column but hash and prev_hash is in the hashed record. No foreign keys: the order is written
-- by the same transaction and never deleted, webhooks go by the month; `waybill verify` looks for what hangs loose.
CREATE TABLE order_events (
    order_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    webhook_id uuid NOT NULL,
    source text NOT NULL,
    dedup_key text NOT NULL,
    body_sha256 bytea NOT NULL,
    native_type text NOT NULL,
    verdict text NOT NULL,
    label text,
    from_status text,
    to_status text NOT NULL,
    reason text NOT NULL,
    trust text NOT NULL,
    order_refs jsonb NOT NULL,
    effect jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation_id text NOT NULL,
    trace_id text,
    rules smallint NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT order_events_pkey PRIMARY KEY (order_id, seq),
    CONSTRAINT order_events_kind_is_known CHECK (kind IN ('event', 'absorb', 'absorbed')),
    CONSTRAINT order_events_verdict_is_known CHECK (verdict IN ('applied', 'no_change', 'conflict')),
    CONSTRAINT order_events_label_is_known CHECK (label IN ('normal', 'correction', 'anomaly')),
    CONSTRAINT order_events_statuses_are_known CHECK (ARRAY[COALESCE(from_status, to_status), to_status] <@ ARRAY
        ['pending', 'requires_action', 'processing', 'failed', 'authorized', 'partially_paid', 'paid', 'completed',
         'partially_refunded', 'refunded', 'disputed', 'charged_back', 'cancelled', 'expired', 'absorbed']),
    CONSTRAINT order_events_trust_is_known
        CHECK (trust IN ('unsigned', 'checksum', 'bearer', 'fields', 'body_only', 'full')),
    CONSTRAINT order_events_seq_counts_from_one CHECK (seq >= 1),
    CONSTRAINT order_events_first_comes_from_nowhere CHECK ((seq = 1) = (from_status IS NULL)),
    CONSTRAINT order_events_body_sha256_is_a_hash CHECK (octet_length(body_sha256) = 32),
    CONSTRAINT order_events_prev_hash_is_a_hash CHECK (octet_length(prev_hash) = 32),
    CONSTRAINT order_events_hash_is_a_hash CHECK (octet_length(hash) = 32)
);

-- An event reaches an order once. (One event may absorb several orders, so rows of absorption are not counted.)
CREATE UNIQUE INDEX order_events_webhook ON order_events (webhook_id, order_id) WHERE kind = 'event';
-- Counted once, whatever happens to event_keys.
CREATE UNIQUE INDEX order_events_key ON order_events (source, dedup_key)
    WHERE kind = 'event' AND verdict IN ('applied', 'no_change');

CREATE TRIGGER order_events_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION waybill_refuse_change();
-- Fires whatever session_replication_role says.
ALTER TABLE order_events ENABLE ALWAYS TRIGGER order_events_are_append_only;

GRANT SELECT, INSERT ON order_events TO waybill_app;
