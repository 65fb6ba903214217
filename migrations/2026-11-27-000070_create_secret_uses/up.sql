-- What each secret and token of a source has verified, as replicas of ingest report it, so that people see how far a change
-- of secrets has come. Secrets are called by their place in the configuration: nothing here is made of one.
CREATE TABLE secret_uses (
    source text NOT NULL,
    kind text NOT NULL,
    -- Among those of its kind, counted from 0.
    position smallint NOT NULL,
    -- '' is all replicas that are gone, together.
    replica text NOT NULL,
    -- When the replica first had it.
    since timestamptz NOT NULL,
    used bigint NOT NULL,
    last_used_at timestamptz,
    -- A replica that is alive tells it every minute.
    told_at timestamptz NOT NULL,
    CONSTRAINT secret_uses_pkey PRIMARY KEY (source, kind, position, replica),
    CONSTRAINT secret_uses_kind_is_known CHECK (kind IN ('secret', 'token')),
    CONSTRAINT secret_uses_have_a_place CHECK (position >= 0),
    CONSTRAINT secret_uses_are_counted CHECK (used >= 0)
);

-- Deleted where the rows of replicas that are gone become one.
GRANT SELECT, INSERT, UPDATE, DELETE ON secret_uses TO waybill_app;
