-- A user may be told off from watching sessions of others without his own sessions ending: his role or his sign-in is gone (S58).
ALTER TABLE pending_terminations DROP CONSTRAINT pending_terminations_target_kind_check;
ALTER TABLE pending_terminations ADD CONSTRAINT pending_terminations_target_kind_check CHECK (target_kind IN ('connection', 'user', 'watcher'));
