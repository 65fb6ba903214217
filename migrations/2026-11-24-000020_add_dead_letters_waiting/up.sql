-- Counting what nobody has replayed, by what is wrong, without reading letters that were. Costs an entry per dead letter,
-- which are rare, and nothing for any other event.
CREATE INDEX dead_letters_waiting ON dead_letters (source, reason) WHERE replay_state = 'none';
