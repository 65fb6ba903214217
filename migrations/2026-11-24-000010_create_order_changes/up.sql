-- Every change of an order's status or money, for those who follow orders. Which one comes when is told by its position
-- (stamp, n); storage::order_changes says why that is the order of commits. Status, reason and times stand on the trail,
-- where (order_id, seq) finds them. No foreign key to it: both rows are written by one statement, and neither is deleted.
CREATE TABLE order_changes (
    stamp bigint NOT NULL,
    n bigint GENERATED ALWAYS AS IDENTITY,
    order_id uuid NOT NULL,
    seq bigint NOT NULL,
    currency text,
    exponent smallint,
    total bigint,
    authorized bigint NOT NULL,
    captured bigint NOT NULL,
    refunded bigint NOT NULL,
    disputed bigint NOT NULL,
    CONSTRAINT order_changes_pkey PRIMARY KEY (stamp, n)
);

GRANT SELECT, INSERT ON order_changes TO waybill_app;
