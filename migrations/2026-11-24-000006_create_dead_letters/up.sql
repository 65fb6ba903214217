-- Events that ended dead, with the whole message, so that they can be understood and replayed.
CREATE TABLE dead_letters (
    webhook_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    source text NOT NULL,
    reason text NOT NULL,
    error text NOT NULL,
    attempts smallint NOT NULL,
    first_failed_at timestamptz NOT NULL,
    last_failed_at timestamptz NOT NULL,
    message bytea NOT NULL,
    replay_state text NOT NULL DEFAULT 'none',
    replays integer NOT NULL DEFAULT 0,
    replayed_at timestamptz,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (webhook_id),
    CONSTRAINT dead_letters_reason_is_known
        CHECK (reason IN ('unusable', 'undecodable', 'exhausted', 'refused', 'crashed')),
    CONSTRAINT dead_letters_replay_state_is_known CHECK (replay_state IN ('none', 'replaying', 'replayed')),
    CONSTRAINT dead_letters_replays_are_counted CHECK ((replays = 0) = (replayed_at IS NULL) AND replays >= 0),
    CONSTRAINT dead_letters_attempts_are_counted CHECK (attempts >= 0),
    CONSTRAINT dead_letters_fail_in_order CHECK (first_failed_at <= last_failed_at)
);

GRANT SELECT, INSERT, UPDATE ON dead_letters TO waybill_app;
