-- A gateway whose journal begins anew (its disk was lost or put back) counts from 1 again: what was taken of the one before stays beside it (S69).
ALTER TABLE gateways ADD COLUMN journal integer NOT NULL DEFAULT 0;
ALTER TABLE journal_events ADD COLUMN journal integer NOT NULL DEFAULT 0;
ALTER TABLE journal_events DROP CONSTRAINT journal_events_pkey;
ALTER TABLE journal_events ADD PRIMARY KEY (gateway_id, journal, sequence);
