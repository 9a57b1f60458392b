-- Who asked for the end of a session or disabled its user: the gateway tells the user where the session's policy says so (rule 11).
ALTER TABLE pending_terminations ADD COLUMN asked_by text;
