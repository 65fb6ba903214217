DROP TABLE secret_uses;
