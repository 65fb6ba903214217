-- An operator's acknowledgement of a flag is a row of the trail.
ALTER TABLE order_events
    DROP CONSTRAINT order_events_kind_is_known,
    ADD CONSTRAINT order_events_kind_is_known CHECK (kind IN ('event', 'absorb', 'absorbed', 'acknowledge'));
