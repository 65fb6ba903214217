-- For the console's search by flag: flagged orders are few, and somebody has to look at each. Costs an entry where an order
-- is flagged, and nothing for any other: orders_need_fetch makes every change of flags write its indexes already.
CREATE INDEX orders_flagged ON orders (id) WHERE flags <> '{}';
