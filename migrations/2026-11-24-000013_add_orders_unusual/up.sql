-- For the console's search by status. Partial, because the usual life of an order (pending, authorized, paid,
-- completed) shall write nothing here; those states are so common that walking the primary key finds them at once.
-- What it costs: an entry when an order comes to an unusual state, and every change of status (not of money or facts
-- alone) is no in-place (HOT) update any more, so it writes an entry of the primary key too.
CREATE INDEX orders_unusual ON orders (status, id) WHERE status IN
    ('requires_action', 'processing', 'failed', 'partially_paid', 'partially_refunded', 'refunded', 'disputed',
     'charged_back', 'cancelled', 'expired');
