-- What the audit log and the error log are filtered by, as columns that the database takes out of the facts by itself:
-- they are no part of what is hashed, and cannot say anything else than the facts do.
-- Every index has the order of the list behind its column, so that a page is read from it without sorting.

-- Of PostgreSQL's own contrib modules; trusted, so that the owner of a database may add it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The words and names among facts. Ids are looked for by their own columns and would only swell the index.
CREATE FUNCTION words_of_facts(facts text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(value, ' '), '') FROM jsonb_each_text(facts::jsonb)
  WHERE value !~ '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|true|false)$'
$$;

ALTER TABLE audit_entries
  ADD COLUMN user_id text GENERATED ALWAYS AS (facts::jsonb ->> 'userId') STORED,
  ADD COLUMN resource_id text GENERATED ALWAYS AS (facts::jsonb ->> 'resourceId') STORED,
  ADD COLUMN gateway_id text GENERATED ALWAYS AS (facts::jsonb ->> 'gatewayId') STORED,
  ADD COLUMN segment text GENERATED ALWAYS AS (facts::jsonb ->> 'segment') STORED,
  ADD COLUMN code text GENERATED ALWAYS AS (facts::jsonb ->> 'code') STORED,
  ADD COLUMN search_text text GENERATED ALWAYS AS (
    kind || ' ' || actor_name || ' ' || coalesce(reference, '') || ' ' || words_of_facts(facts)
  ) STORED;

CREATE INDEX audit_entries_kind ON audit_entries (kind, at DESC, ordinal DESC);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, at DESC, ordinal DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entries_user ON audit_entries (user_id, at DESC, ordinal DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_resource ON audit_entries (resource_id, at DESC, ordinal DESC) WHERE resource_id IS NOT NULL;
CREATE INDEX audit_entries_gateway ON audit_entries (gateway_id, at DESC, ordinal DESC) WHERE gateway_id IS NOT NULL;
CREATE INDEX audit_entries_segment ON audit_entries (segment, at DESC, ordinal DESC) WHERE segment IS NOT NULL;
CREATE INDEX audit_entries_code ON audit_entries (code, at DESC, ordinal DESC) WHERE code IS NOT NULL;
CREATE INDEX audit_entries_search ON audit_entries USING gin (search_text gin_trgm_ops);

ALTER TABLE error_log
  ADD COLUMN user_id text GENERATED ALWAYS AS (facts::jsonb ->> 'userId') STORED,
  ADD COLUMN resource_id text GENERATED ALWAYS AS (facts::jsonb ->> 'resourceId') STORED,
  ADD COLUMN gateway_id text GENERATED ALWAYS AS (facts::jsonb ->> 'gatewayId') STORED,
  ADD COLUMN segment text GENERATED ALWAYS AS (facts::jsonb ->> 'segment') STORED,
  ADD COLUMN search_text text GENERATED ALWAYS AS (
    code || ' ' || leg || ' ' || coalesce(gateway_name, '') || ' ' || coalesce(reference, '') || ' ' || words_of_facts(facts)
  ) STORED;

CREATE UNIQUE INDEX error_log_ordinal ON error_log (ordinal);
CREATE INDEX error_log_code ON error_log (code, at DESC, ordinal DESC);
CREATE INDEX error_log_user ON error_log (user_id, at DESC, ordinal DESC) WHERE user_id IS NOT NULL;
CREATE INDEX error_log_resource ON error_log (resource_id, at DESC, ordinal DESC) WHERE resource_id IS NOT NULL;
CREATE INDEX error_log_gateway ON error_log (gateway_id, at DESC, ordinal DESC) WHERE gateway_id IS NOT NULL;
CREATE INDEX error_log_segment ON error_log (segment, at DESC, ordinal DESC) WHERE segment IS NOT NULL;
CREATE INDEX error_log_search ON error_log USING gin (search_text gin_trgm_ops);
