ALTER TABLE dead_letters DROP COLUMN replay_id;
DROP TABLE replays;
