DROP INDEX orders_unusual;
