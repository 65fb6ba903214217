-- For the lists of console and command line: what is rare and looked for has an index, which ends like the list is ordered, so
-- that any page of it is read at once. The usual life of an event (applied, on an order that is unpaid, authorized, paid) writes
-- nothing here; whatever else happens writes an entry. Whoever writes waits while they are built.

-- Webhooks that did not end as most do.
CREATE INDEX webhooks_unusual ON webhooks (verdict, received_at, id)
    WHERE verdict IN ('duplicate', 'conflict', 'ignored', 'dead');
-- Those that wait to be tried again.
CREATE INDEX webhooks_waiting ON webhooks (received_at, id) WHERE state = 'retrying';
-- Webhooks of an order, and of a source, that are on no trail.
CREATE INDEX webhooks_repeats ON webhooks (order_id, received_at, id) WHERE verdict = 'duplicate';
CREATE INDEX webhooks_others ON webhooks (source, received_at, id)
    WHERE verdict IS NULL OR verdict NOT IN ('applied', 'no_change');

-- orders_unusual makes a change of status write its indexes already, and payment seldom changes alone.
CREATE INDEX orders_unusual_payment ON orders (payment, id) WHERE payment IN
    ('requires_action', 'processing', 'failed', 'partially_paid', 'overpaid', 'partially_refunded', 'refunded', 'voided');
-- Orders that a source has told of by nothing but contradictions; all others are found by order_events_key.
CREATE INDEX order_events_conflicts ON order_events (source, order_id) WHERE kind = 'event' AND verdict = 'conflict';

-- Dead letters and what people do are few beside webhooks.
CREATE INDEX dead_letters_by_source ON dead_letters (source, webhook_id);
CREATE INDEX dead_letters_by_reason ON dead_letters (reason, webhook_id);
CREATE INDEX dead_letters_by_replay_state ON dead_letters (replay_state, webhook_id);
CREATE INDEX operator_actions_by_subject ON operator_actions (subject, id);
CREATE INDEX operator_actions_by_actor ON operator_actions (actor, id);
CREATE INDEX operator_actions_by_action ON operator_actions (action, id);
