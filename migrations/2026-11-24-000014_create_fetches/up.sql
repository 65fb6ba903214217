-- What workers ask providers about: one row for each object that a hint was about, so that several workers ask once, and
-- a crash forgets neither the question nor how often it was asked. Which objects need it is told by orders alone.
CREATE TABLE fetches (
    namespace text NOT NULL,
    object text NOT NULL,
    hint_at bigint NOT NULL,
    attempts smallint NOT NULL,
    due_at timestamptz NOT NULL,
    given_up boolean NOT NULL DEFAULT false,
    last_error text,
    CONSTRAINT fetches_pkey PRIMARY KEY (namespace, object),
    CONSTRAINT fetches_attempts_are_counted CHECK (attempts > 0),
    CONSTRAINT fetches_given_up_have_an_error CHECK (NOT given_up OR last_error IS NOT NULL)
);

CREATE INDEX orders_need_fetch ON orders (id) WHERE flags @> ARRAY['needs_fetch'];

GRANT SELECT, INSERT, UPDATE, DELETE ON fetches TO waybill_app;
