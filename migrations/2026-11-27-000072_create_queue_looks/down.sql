DROP TABLE queue_looks;
