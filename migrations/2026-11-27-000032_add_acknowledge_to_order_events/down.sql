ALTER TABLE order_events
    DROP CONSTRAINT order_events_kind_is_known,
    ADD CONSTRAINT order_events_kind_is_known CHECK (kind IN ('event', 'absorb', 'absorbed'));
