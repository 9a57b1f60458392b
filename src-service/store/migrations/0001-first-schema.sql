-- The whole first schema. Instants are timestamptz(3): milliseconds, as JSON carries them, so that a hash over an
-- entry is the same before and after it went through the database.

CREATE TABLE users (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  -- Names are compared without regard to case: NFKC, lower case.
  name_key text NOT NULL UNIQUE,
  display_name text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'operator', 'auditor', 'user', 'vendor')),
  -- argon2id in PHC form; null for an account without a password.
  password_hash text,
  must_change_password boolean NOT NULL DEFAULT false,
  expires_at timestamptz(3),
  -- Set when the expiry was carried out (tokens and sessions ended); cleared when the expiry moves.
  expiry_done_at timestamptz(3),
  disabled_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  last_sign_in_at timestamptz(3),
  CHECK (role <> 'vendor' OR expires_at IS NOT NULL)
);
CREATE INDEX users_expiry ON users (expires_at) WHERE expires_at IS NOT NULL AND expiry_done_at IS NULL;

CREATE TABLE client_sessions (
  -- SHA-256 of the token, base64url: the token itself is nowhere.
  token_sha256 text PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id),
  -- SubjectPublicKeyInfo of the client's key, base64url, and its SHA-256.
  client_key text NOT NULL,
  client_key_thumbprint text NOT NULL,
  via text NOT NULL CHECK (via IN ('password', 'one-time')),
  address text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  revoked_code text
);
CREATE INDEX client_sessions_user ON client_sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX client_sessions_expiry ON client_sessions (expires_at);

-- Counted by the name that was typed, whether or not such a user exists, so that a lock-out tells nobody which names do.
CREATE TABLE sign_in_failures (
  name_key text PRIMARY KEY,
  failures integer NOT NULL,
  first_at timestamptz(3) NOT NULL,
  locked_until timestamptz(3)
);

-- Nonces of sign-ins and signed requests that were taken once.
CREATE TABLE used_nonces (
  nonce_sha256 text PRIMARY KEY,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX used_nonces_expiry ON used_nonces (expires_at);

CREATE TABLE credentials (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('password', 'private-key')),
  user_name text NOT NULL,
  -- AES-256-GCM under the master key `key_version`: nonce (12), tag (16), ciphertext; base64url.
  sealed text NOT NULL,
  key_version integer NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL
);

-- One row. Changed with every change of the inventory, under its row lock, so that revisions commit in order.
CREATE TABLE inventory_revision (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  revision bigint NOT NULL
);
INSERT INTO inventory_revision (revision) VALUES (1);

CREATE TABLE resources (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  address text NOT NULL,
  protocols jsonb NOT NULL,
  operating_system text NOT NULL,
  description text NOT NULL,
  identities jsonb NOT NULL,
  tags jsonb NOT NULL,
  credential_id uuid REFERENCES credentials (id),
  allow_special_address boolean NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  -- Removed resources stay for the history of their connections, and so that other instances learn of the removal.
  removed_at timestamptz(3),
  -- The inventory's revision at the last change.
  revision bigint NOT NULL
);
CREATE UNIQUE INDEX resources_name ON resources (lower(name)) WHERE removed_at IS NULL;
CREATE INDEX resources_revision ON resources (revision);
CREATE INDEX resources_credential ON resources (credential_id) WHERE credential_id IS NOT NULL;

CREATE TABLE access_rules (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('role', 'user')),
  subject_role text,
  subject_user_id uuid REFERENCES users (id),
  filter text NOT NULL,
  protocols jsonb NOT NULL,
  windows jsonb NOT NULL,
  starts_at timestamptz(3),
  ends_at timestamptz(3),
  sign_on text NOT NULL CHECK (sign_on IN ('stored', 'ask-user')),
  policy jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  CHECK ((subject_kind = 'role') = (subject_role IS NOT NULL)),
  CHECK ((subject_kind = 'user') = (subject_user_id IS NOT NULL))
);

CREATE TABLE gateways (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  segment text,
  host text NOT NULL,
  link_port integer NOT NULL,
  proxy_ports jsonb NOT NULL,
  port_preference jsonb NOT NULL,
  -- SubjectPublicKeyInfo, base64url; null until the administrator entered the line (S38).
  tls_key text,
  signing_key text,
  -- The next keys while both are valid (rule 15), and the ones before for recordings signed earlier.
  next_tls_key text,
  next_signing_key text,
  previous_tls_key text,
  previous_signing_key text,
  keys_changed_at timestamptz(3),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'available', 'degraded', 'unavailable', 'draining', 'disabled')),
  state_code text,
  state_detail text NOT NULL DEFAULT '',
  state_changed_at timestamptz(3) NOT NULL,
  confirmed_at timestamptz(3),
  -- Set when a grant or dial failed: out of the choice until its next good sync (rule 5).
  ejected_at timestamptz(3),
  draining boolean NOT NULL DEFAULT false,
  disabled boolean NOT NULL DEFAULT false,
  sessions integer,
  version text,
  round_trip_ms double precision,
  clock_difference_ms double precision,
  ports jsonb NOT NULL DEFAULT '[]',
  -- Who speaks to it (rule 17), on the database's clock; a gateway refuses a lower epoch.
  lease_holder text,
  lease_epoch bigint NOT NULL DEFAULT 0,
  lease_expires_at timestamptz(3),
  -- The last journal event that was taken, and its hash.
  journal_cursor bigint NOT NULL DEFAULT 0,
  journal_hash text,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  removed_at timestamptz(3)
);
CREATE UNIQUE INDEX gateways_name ON gateways (lower(name)) WHERE removed_at IS NULL;

CREATE TABLE journal_events (
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  sequence bigint NOT NULL,
  at timestamptz(3) NOT NULL,
  kind text NOT NULL,
  connection_id uuid,
  reference text,
  facts jsonb NOT NULL,
  hash text NOT NULL,
  received_at timestamptz(3) NOT NULL,
  PRIMARY KEY (gateway_id, sequence)
);
CREATE INDEX journal_events_connection ON journal_events (connection_id) WHERE connection_id IS NOT NULL;

CREATE TABLE connections (
  id uuid PRIMARY KEY,
  reference text NOT NULL UNIQUE,
  user_id uuid NOT NULL REFERENCES users (id),
  user_name text NOT NULL,
  resource_id uuid NOT NULL REFERENCES resources (id),
  resource_name text NOT NULL,
  protocol text NOT NULL CHECK (protocol IN ('ssh', 'sftp', 'vnc', 'rdp')),
  access_rule_id uuid,
  token_sha256 text NOT NULL,
  client_key_thumbprint text NOT NULL,
  -- The gateway of the newest grant.
  gateway_id uuid REFERENCES gateways (id),
  gateway_name text,
  segment text,
  tunnel boolean NOT NULL DEFAULT false,
  policy jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('asked', 'granted', 'connected', 'ended', 'failed', 'not-used')),
  code text,
  asked_at timestamptz(3) NOT NULL,
  -- All tries end here (rule 4).
  deadline_at timestamptz(3) NOT NULL,
  granted_at timestamptz(3),
  grant_expires_at timestamptz(3),
  not_after timestamptz(3) NOT NULL,
  connected_at timestamptz(3),
  ended_at timestamptz(3),
  -- When the one final entry was written (rule 12).
  final_at timestamptz(3),
  -- What the client reported: its claim, never a fact.
  claim_outcome text,
  claim_code text,
  claim_at timestamptz(3),
  terminate_asked_at timestamptz(3),
  terminate_asked_by text,
  terminate_code text,
  terminate_confirmed_at timestamptz(3),
  end_facts jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX connections_newest ON connections (asked_at DESC, id DESC);
CREATE INDEX connections_of_user ON connections (user_id, asked_at DESC, id DESC);
CREATE INDEX connections_open ON connections (state) WHERE state IN ('asked', 'granted', 'connected');

CREATE TABLE connection_tries (
  connection_id uuid NOT NULL REFERENCES connections (id),
  ordinal integer NOT NULL,
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  gateway_name text NOT NULL,
  leg text NOT NULL CHECK (leg IN ('L2', 'L3', 'L4')),
  code text NOT NULL,
  milliseconds double precision NOT NULL,
  reported_by text NOT NULL CHECK (reported_by IN ('service', 'client', 'gateway')),
  at timestamptz(3) NOT NULL,
  PRIMARY KEY (connection_id, ordinal)
);

-- What a gateway must still be told to end: first in line when its link is back (rule 11).
CREATE TABLE pending_terminations (
  id uuid PRIMARY KEY,
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  target_kind text NOT NULL CHECK (target_kind IN ('connection', 'user')),
  target_id uuid NOT NULL,
  code text NOT NULL,
  asked_at timestamptz(3) NOT NULL,
  confirmed_at timestamptz(3),
  UNIQUE (gateway_id, target_kind, target_id, asked_at)
);
CREATE INDEX pending_terminations_open ON pending_terminations (gateway_id) WHERE confirmed_at IS NULL;

CREATE TABLE recordings (
  id uuid PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES connections (id),
  reference text NOT NULL,
  user_id uuid NOT NULL,
  user_name text NOT NULL,
  resource_id uuid NOT NULL,
  resource_name text NOT NULL,
  protocol text NOT NULL,
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  gateway_name text NOT NULL,
  started_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  duration_ms bigint,
  size_bytes bigint NOT NULL DEFAULT 0,
  state text NOT NULL CHECK (state IN ('recording', 'sealed', 'recovered', 'incomplete')),
  code text,
  sha256 text,
  -- The newest head that the gateway's status gave while it was live (rule 19).
  head_frames bigint NOT NULL DEFAULT 0,
  head_hash text,
  pulled_bytes bigint NOT NULL DEFAULT 0,
  -- Where the container lies, relative to the recordings folder; null until it is stored and verified.
  stored_path text,
  stored_at timestamptz(3),
  released_at timestamptz(3)
);
CREATE INDEX recordings_newest ON recordings (started_at DESC, id DESC);
CREATE INDEX recordings_connection ON recordings (connection_id);
CREATE INDEX recordings_unstored ON recordings (gateway_id) WHERE stored_at IS NULL;

CREATE TABLE service_keys (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('tls', 'link', 'signing', 'recording')),
  -- SubjectPublicKeyInfo, base64url. Private keys are files outside the database.
  public_key text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  retired_at timestamptz(3),
  UNIQUE (kind, public_key)
);

CREATE TABLE audit_entries (
  id uuid PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  kind text NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'service', 'gateway', 'command-line')),
  actor_id text,
  actor_name text NOT NULL,
  reference text,
  -- JSON with sorted keys, kept as the text that is hashed.
  facts text NOT NULL,
  -- For the order of entries and for finding those that are not chained yet; neither is part of what is hashed.
  ordinal bigint GENERATED ALWAYS AS IDENTITY,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE UNIQUE INDEX audit_entries_ordinal ON audit_entries (ordinal);
CREATE INDEX audit_entries_newest ON audit_entries (at DESC, ordinal DESC);
CREATE INDEX audit_entries_reference ON audit_entries (reference) WHERE reference IS NOT NULL;
CREATE INDEX audit_entries_transaction ON audit_entries (transaction_id);

CREATE TABLE audit_chain (
  seq bigint PRIMARY KEY,
  entry_id uuid NOT NULL UNIQUE REFERENCES audit_entries (id),
  -- SHA-256, base64url, over the hash before, a line feed and the entry's text.
  hash text NOT NULL
);

CREATE TABLE audit_heads (
  seq bigint NOT NULL,
  hash text NOT NULL,
  signed_at timestamptz(3) NOT NULL,
  -- Ed25519, base64url, over the text of `shared/audit-head.ts`.
  signature text NOT NULL,
  -- SubjectPublicKeyInfo of the key, base64url.
  signing_key text NOT NULL,
  PRIMARY KEY (seq, signed_at)
);

CREATE TABLE error_log (
  id uuid PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  code text NOT NULL,
  leg text NOT NULL,
  reference text,
  gateway_name text,
  facts text NOT NULL,
  ordinal bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX error_log_newest ON error_log (at DESC, ordinal DESC);
CREATE INDEX error_log_reference ON error_log (reference) WHERE reference IS NOT NULL;

-- What was written stays: refused for every role, the owner's included (who would have to disable the trigger first,
-- which the signed heads then show).
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_chain FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON audit_chain FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON audit_heads FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON audit_heads FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON error_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON error_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
