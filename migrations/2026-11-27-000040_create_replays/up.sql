-- Replays of many dead letters: who asked for which and why, how far it has come, and who is at work on it. One row each;
-- written once per letter, read by the few who watch.
CREATE TABLE replays (
    id uuid NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    origin text NOT NULL,
    -- Which letters: source, reason, native_type, received from and to, or webhooks by id; {} is all.
    filter jsonb NOT NULL,
    rate integer NOT NULL,
    state text NOT NULL DEFAULT 'running',
    -- Letters when it was asked for; those that died later are not in it.
    matched bigint NOT NULL,
    applied bigint NOT NULL DEFAULT 0,
    no_change bigint NOT NULL DEFAULT 0,
    duplicate bigint NOT NULL DEFAULT 0,
    conflict bigint NOT NULL DEFAULT 0,
    ignored bigint NOT NULL DEFAULT 0,
    -- Still dead: they cannot be used today either.
    unusable bigint NOT NULL DEFAULT 0,
    -- Somebody else replayed them meanwhile.
    elsewhere bigint NOT NULL DEFAULT 0,
    -- Still dead: they failed, as often as they were tried, by what may pass.
    missed bigint NOT NULL DEFAULT 0,
    -- The last letter that is counted. Letters go by their ids, so whoever takes over knows where to go on.
    position uuid,
    -- Who is at work on it, and until when that is believed without a sign of life.
    holder uuid,
    lease_until timestamptz,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    updated_at timestamptz NOT NULL,
    finished_at timestamptz,
    last_error text,
    CONSTRAINT replays_pkey PRIMARY KEY (id),
    CONSTRAINT replays_have_a_reason CHECK (reason <> ''),
    CONSTRAINT replays_rate_is_bounded CHECK (rate BETWEEN 1 AND 500),
    CONSTRAINT replays_state_is_known CHECK (state IN ('running', 'finished', 'cancelled')),
    CONSTRAINT replays_end_when_they_do_not_run CHECK ((state = 'running') = (finished_at IS NULL)),
    CONSTRAINT replays_lease_is_somebodys CHECK (lease_until IS NULL OR holder IS NOT NULL),
    CONSTRAINT replays_are_counted CHECK (matched >= 0 AND applied >= 0 AND no_change >= 0 AND duplicate >= 0
        AND conflict >= 0 AND ignored >= 0 AND unusable >= 0 AND elsewhere >= 0 AND missed >= 0)
);

CREATE INDEX replays_running ON replays (id) WHERE state = 'running';

-- Who asked, for what and why, stays what it was.
GRANT SELECT, INSERT ON replays TO waybill_app;
GRANT UPDATE (state, applied, no_change, duplicate, conflict, ignored, unusable, elsewhere, missed, position, holder,
    lease_until, started_at, updated_at, finished_at, last_error) ON replays TO waybill_app;

-- Which replay of many took the letter last, so that a letter whose replay died between commit and count is counted by
-- whoever takes over. Null: none, or it was replayed alone.
ALTER TABLE dead_letters ADD COLUMN replay_id uuid,
    ADD CONSTRAINT dead_letters_replay_fkey FOREIGN KEY (replay_id) REFERENCES replays (id);
