-- An order as its facts have it. Amounts are minor units of currency, whole numbers that every JSON reader keeps.
CREATE TABLE orders (
    id uuid NOT NULL,
    namespace text NOT NULL,
    external_id text,
    status text NOT NULL,
    payment text NOT NULL,
    fulfilment text NOT NULL,
    dispute text NOT NULL,
    lifecycle text NOT NULL,
    currency text,
    exponent smallint,
    total bigint,
    authorized bigint NOT NULL DEFAULT 0,
    captured bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    disputed bigint NOT NULL DEFAULT 0,
    flags text[] NOT NULL DEFAULT '{}',
    facts jsonb NOT NULL,
    version bigint NOT NULL,
    last_seq bigint NOT NULL,
    head_hash bytea NOT NULL,
    absorbed_into uuid,
    rules smallint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_absorbed_into_fkey FOREIGN KEY (absorbed_into) REFERENCES orders (id),
    CONSTRAINT orders_status_is_known CHECK (status IN
        ('pending', 'requires_action', 'processing', 'failed', 'authorized', 'partially_paid', 'paid', 'completed',
         'partially_refunded', 'refunded', 'disputed', 'charged_back', 'cancelled', 'expired', 'absorbed')),
    CONSTRAINT orders_payment_is_known CHECK (payment IN
        ('unpaid', 'requires_action', 'processing', 'failed', 'authorized', 'partially_paid', 'paid', 'overpaid',
         'partially_refunded', 'refunded', 'voided')),
    CONSTRAINT orders_fulfilment_is_known
        CHECK (fulfilment IN ('unfulfilled', 'partial', 'fulfilled', 'delivered', 'returned')),
    CONSTRAINT orders_dispute_is_known CHECK (dispute IN ('none', 'won', 'inquiry', 'open', 'lost')),
    CONSTRAINT orders_lifecycle_is_known CHECK (lifecycle IN ('open', 'closed', 'expired', 'cancelled', 'deleted')),
    CONSTRAINT orders_flags_are_known CHECK (flags <@ ARRAY
        ['conflict', 'currency_mismatch', 'needs_fetch', 'overpaid', 'paid_after_cancel', 'untrusted']),
    CONSTRAINT orders_currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT orders_exponent_goes_with_currency CHECK ((currency IS NULL) = (exponent IS NULL)),
    CONSTRAINT orders_exponent_is_small CHECK (exponent BETWEEN 0 AND 4),
    CONSTRAINT orders_total_is_exact CHECK (total BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT orders_authorized_is_exact CHECK (authorized BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT orders_captured_is_exact CHECK (captured BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT orders_refunded_is_exact CHECK (refunded BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT orders_disputed_is_exact CHECK (disputed BETWEEN -9007199254740991 AND 9007199254740991),
    CONSTRAINT orders_version_counts_commits CHECK (version >= 1),
    CONSTRAINT orders_last_seq_counts_rows CHECK (last_seq >= version),
    CONSTRAINT orders_head_hash_is_a_hash CHECK (octet_length(head_hash) = 32),
    CONSTRAINT orders_absorbed_say_by_whom CHECK ((status = 'absorbed') = (absorbed_into IS NOT NULL)),
    CONSTRAINT orders_absorbed_have_no_money CHECK (absorbed_into IS NULL OR
        (COALESCE(total, 0) = 0 AND authorized = 0 AND captured = 0 AND refunded = 0 AND disputed = 0))
);

-- The names under which orders are known. No foreign key: the order is written by the same transaction, never deleted.
CREATE TABLE order_aliases (
    namespace text NOT NULL,
    ref text NOT NULL,
    order_id uuid NOT NULL,
    CONSTRAINT order_aliases_pkey PRIMARY KEY (namespace, ref)
);

-- Who an order is today: itself, or whoever absorbed it, however often.
CREATE FUNCTION waybill_living_order(asked uuid) RETURNS uuid
    LANGUAGE sql
    STABLE
    SET search_path = public, pg_temp
AS $$
    WITH RECURSIVE chain AS (
        SELECT id, absorbed_into FROM orders WHERE id = asked
        UNION ALL
        SELECT o.id, o.absorbed_into FROM chain JOIN orders o ON o.id = chain.absorbed_into
    )
    SELECT id FROM chain WHERE absorbed_into IS NULL
$$;

GRANT SELECT, INSERT, UPDATE ON orders TO waybill_app;
GRANT SELECT, INSERT ON order_aliases TO waybill_app;
GRANT UPDATE (order_id) ON order_aliases TO waybill_app;
