-- An operator's undoing of a link is a row of both trails: of the order that parts, and of the one that begins.
ALTER TABLE order_events
    DROP CONSTRAINT order_events_kind_is_known,
    ADD CONSTRAINT order_events_kind_is_known
        CHECK (kind IN ('event', 'absorb', 'absorbed', 'acknowledge', 'part', 'parted'));

-- Keys follow what their events told.
GRANT UPDATE (order_id) ON event_keys TO waybill_app;
