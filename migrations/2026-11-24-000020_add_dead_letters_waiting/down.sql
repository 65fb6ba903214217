DROP INDEX dead_letters_waiting;
