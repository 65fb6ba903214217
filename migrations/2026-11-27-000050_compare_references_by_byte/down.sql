ALTER TABLE order_aliases ALTER COLUMN ref TYPE text COLLATE "default";
