DROP TABLE order_changes;
