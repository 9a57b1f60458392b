-- Whether a program of the user's own is at a connection's end: such connections are judged by the rule's word on it as well.
ALTER TABLE connections ADD COLUMN foreign_client boolean NOT NULL DEFAULT false;
