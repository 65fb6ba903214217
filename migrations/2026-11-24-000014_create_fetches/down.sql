DROP INDEX orders_need_fetch;
DROP TABLE fetches;
