-- Who may use the console, and by what. Small tables: read once a request by a primary or unique key, written when
-- somebody signs in. Secrets are kept as hashes only.
CREATE TABLE operators (
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    payload_read boolean NOT NULL,
    -- argon2id, as a PHC string. Null: signs in by a link or by the identity provider only.
    password_hash text,
    -- Whom the identity provider says it is: issuer and subject.
    issuer text,
    subject text,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT operators_pkey PRIMARY KEY (id),
    CONSTRAINT operators_name_is_taken_once UNIQUE (name),
    CONSTRAINT operators_name_is_plain CHECK (name ~ '^[a-z0-9][a-z0-9._@+-]{0,99}$'),
    CONSTRAINT operators_role_is_known CHECK (role IN ('viewer', 'operator', 'admin')),
    CONSTRAINT operators_password_hash_is_argon2id CHECK (password_hash LIKE '$argon2id$%'),
    CONSTRAINT operators_subject_is_whole CHECK ((issuer IS NULL) = (subject IS NULL)),
    CONSTRAINT operators_subject_is_taken_once UNIQUE (issuer, subject)
);

CREATE TABLE api_tokens (
    id uuid NOT NULL,
    name text NOT NULL,
    -- SHA-256 of 256 random bits: nothing to guess, so nothing slow is needed.
    hash bytea NOT NULL,
    role text NOT NULL,
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT api_tokens_hash_is_taken_once UNIQUE (hash),
    CONSTRAINT api_tokens_hash_is_a_hash CHECK (octet_length(hash) = 32),
    CONSTRAINT api_tokens_have_a_name CHECK (name <> ''),
    CONSTRAINT api_tokens_role_is_known CHECK (role IN ('viewer', 'operator', 'admin')),
    CONSTRAINT api_tokens_scopes_are_known CHECK (scopes <@ ARRAY
        ['all', 'orders', 'webhooks', 'dead_letters', 'reconciliation', 'changes', 'stats', 'sources', 'activity',
         'payload:read']),
    CONSTRAINT api_tokens_expire_later CHECK (expires_at > created_at)
);

CREATE TABLE sessions (
    hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (hash),
    CONSTRAINT sessions_hash_is_a_hash CHECK (octet_length(hash) = 32),
    CONSTRAINT sessions_operator_fkey FOREIGN KEY (operator_id) REFERENCES operators (id) ON DELETE CASCADE
);

CREATE TABLE sign_in_links (
    hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sign_in_links_pkey PRIMARY KEY (hash),
    CONSTRAINT sign_in_links_hash_is_a_hash CHECK (octet_length(hash) = 32),
    CONSTRAINT sign_in_links_operator_fkey FOREIGN KEY (operator_id) REFERENCES operators (id) ON DELETE CASCADE
);

-- Failed sign-ins, by account and by address, so that every console counts the same ones.
CREATE TABLE sign_in_failures (
    kind text NOT NULL,
    subject text NOT NULL,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT sign_in_failures_pkey PRIMARY KEY (kind, subject),
    CONSTRAINT sign_in_failures_kind_is_known CHECK (kind IN ('account', 'address')),
    CONSTRAINT sign_in_failures_are_counted CHECK (failures >= 1)
);

GRANT SELECT, INSERT, UPDATE ON operators, api_tokens TO waybill_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, sign_in_links, sign_in_failures TO waybill_app;
