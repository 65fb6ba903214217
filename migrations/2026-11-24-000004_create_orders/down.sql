DROP FUNCTION waybill_living_order(uuid);
DROP TABLE order_aliases;
DROP TABLE orders;
